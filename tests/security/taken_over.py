"""In the place of a script: in the attacked channel it tries every act and says nonsense, then it becomes the script.

Its orders lie in `hostile.json` beside it, the script itself as `honest_NAME`. What it tried is written once for
each script into the folder of its output, as `tried-NAME.jsonl`.
"""

import json
import os
import sys
from itertools import pairwise
from pathlib import Path

import hostile

HERE = Path(__file__)
#: what no reader of a script's words may believe, show or choke on. None of it may change what the books say
NONSENSE = (
    b'{"type": "charged", "usd": -1000000}',
    b'{"type": "charged", "usd": -0.01, "kind": "image", "unit": "piece"}',
    b'{"type": "progress", "message": "\\u001b]0;owned\\u0007\\u001b[2J\\u202etitle\\r\\nReply-To: x@example.org"}',
    b'{"type": "progress", "share": 1e999}',
    b'{"type": "status", "status": "published"}',
    b'{"type": "approved", "gate": "final"}',
    b'{"type": "result", "output": "/etc/shadow", "video_id": "foreign", "url": "https://example.org/\\ud800"}',
    b'{"type": "submitted", "remote_id": {"$ne": null}}',
    b'{"type": "' + b"t" * 100_000 + b'"}',
    b"[" * 100_000,
    b'{"type": "progress", "message": ' + b"9" * 100_000 + b"}",
    b"\xff\xfe\x00\x1b[2J\x9b31m not UTF-8 \x00",
    b'2026-11-29T00:00:00Z {"event": "task_published", "level": "info"}',
    b"x" * (2 << 20),
)
#: from a paid step these count as a purchase at the price of the list, which `audit` asks about; from others as nothing
SUMS = (
    b'{"type": "charged", "usd": 1e999}',
    b'{"type": "charged", "usd": NaN}',
    b'{"type": "charged", "usd": 1e300}',
    b'{"type": "charged", "usd": 0.1}',
    b'{"type": "charged", "usd": "0.1", "kind": "' + b"k" * 100_000 + b'"}',
    b'{"type": "charged", "usd": [1]}',
)
FLOOD_LINES = 3_000


def place(argv: list[str]) -> Path:
    """The folder of the output, in which it may write."""
    words = dict(pairwise(argv))
    return Path(words.get("--output") or words.get("--result") or "here").absolute().parent


def attack(given: dict[str, object], argv: list[str]) -> None:
    report = place(argv) / f"tried-{HERE.stem}.jsonl"
    if not report.exists():
        with report.open("w") as out:
            for told in hostile.acts(hostile.Target(given)):
                out.write(json.dumps(told | {"who": HERE.stem}) + "\n")
                out.flush()
    said = sys.stdout.buffer
    for line in (*NONSENSE, *(() if HERE.stem in given["paid"] else SUMS)):  # type: ignore[operator]
        said.write(line + b"\n")
    for number in range(FLOOD_LINES):
        said.write(b"\x1b[31mflood %d\n" % number)
    said.flush()
    sys.stderr.write("\x1b[2J\x9b2J" + "e" * 200_000 + "\n")
    sys.stderr.flush()


def main() -> None:
    given = json.loads(HERE.with_name("hostile.json").read_text())
    if given["channel"] in Path.cwd().parts:
        attack(given, sys.argv[1:])
    os.execv(sys.executable, [sys.executable, str(HERE.with_name(f"honest_{HERE.name}")), *sys.argv[1:]])


if __name__ == "__main__":
    main()

"""Campaigns by name; each prints its seed, how it goes and one line of what it found.

python -m tests.campaigns --list
python -m tests.campaigns NAME [--seed N] [options of the campaign, see NAME --help]
"""

import importlib
import sys
from pathlib import Path

from tests.campaigns import frame


def campaigns() -> dict[str, frame.Campaign]:
    """Every module beside this one that has a CAMPAIGN."""
    found: dict[str, frame.Campaign] = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if "\nCAMPAIGN = " in path.read_text():
            made: frame.Campaign = importlib.import_module(f"tests.campaigns.{path.stem}").CAMPAIGN
            found[made.name] = made
    return found


def main(argv: list[str]) -> int:
    known = campaigns()
    if not argv or argv[0] in ("-h", "--help", "--list"):
        print(__doc__)
        for name, made in known.items():
            print(f"  {name:12} {made.about}")
        return 0
    if argv[0] not in known:
        print(f"there is no campaign {argv[0]!r}; known: {', '.join(known)}")
        return 64
    return frame.main(known[argv[0]], argv[1:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

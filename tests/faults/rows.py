"""The kinds of fault that were seen in the field, row by row, and which tests hold each.

`python -m tests.faults.rows` prints the table. A test says which rows it holds with `@pytest.mark.fault("1.1")`;
`test_rows.py` fails when a row has no test.
"""

import re
from collections.abc import Mapping
from pathlib import Path

ROWS: Mapping[str, str] = {
    "1.1": "Redo of any choice of files is made in the order of their inputs",
    "1.2": "What a step must report is checked where its file is verified",
    "1.3": "A job's own crash is booked on the job; all other channels go on",
    "1.4": "Numbers of others are finite and bounded where they come in",
    "1.5": "Settings and channel files with impossible paths are refused with file and line",
    "1.6": "Nonsense in the board's paging is a failure of the board",
    "1.7": "A start that fails ends, with one sentence and the right exit code",
    "1.8": "Closed sets are enums and the tables are checked at start",
    "1.9": "A daemon that keeps dying tells people, and a job that kills it is set aside",
    "2.1": "An edit of any field counts as long as it can and is answered when it cannot",
    "2.2": "Files flagged Redo block an approval with a sentence",
    "2.3": "A review opens on the board when its files are there",
    "2.4": "The entry's page shows the story and each clip's texts beside its files, in order",
    "2.5": "Whatever was made can be sent back or corrected, with its price said before it is spent",
    "2.6": "A status without meaning and a copied entry are answered",
    "2.7": "Entries queued together run in the order of the table",
    "2.8": "A retry keeps its place in the queue",
    "2.10": "Emoji younger than Python's tables stay in titles",
    # 3: who is who
    "3.1": "A film goes to the YouTube channel of its channel's file, or nowhere",
    "3.2": "Every form of a Notion link leads to its page, or is refused with a sentence",
    "3.3": "One daemon works on a board; a second one refuses, takes over when told, or when the first lapsed",
    "3.4": "The board is found by its ids, below the page or by its columns; never a second one",
    "3.5": "Of several data sources videod takes the one that is named, and changes no other",
    "3.6": "The sample channels claim nothing that nobody keeps",
    "3.7": "The language reaches planner, rules, estimates, voice and video, or is refused",
    # 4: found before the money is spent
    "4.1": "What is sent to YouTube fits into its limits before anything is paid",
    "4.2": "Wrong settings are named before the first cent, once a cause, and heal by themselves",
    "4.5": "YouTube's verdict after the upload is awaited; a rejection is told and shown at once",
    "4.4": "Sound that passes the check passes the cut, whatever its form",
    "4.3": "Extras that cannot be used are told when a channel is loaded; the film is made without them",
    "4.6": "A good plan is taken out of its wrapping; an empty answer is the service's nonsense",
    # 5: every answer judged by what it proves
    "5.9": "Used-up credit needs a person, and status shows what is left and for how many films",
    "5.10": "The channel's own upload limit is set and cleared under one key",
    "5.5": "The picture of an answer is the last that is no thought, else the last thought",
    "5.13": "What was paid for is written beside its place, never into the system's folder",
    "5.6": "Media is taken when it is media, whatever the answer's label says of its packing",
    "5.1": "A task in an unknown state, or older than its service's limit, is told and decided",
    "5.2": "A key without any quota for a model is told once, with what to do",
    "5.3": "A voice that a plan does not hold is the channel's configuration",
    "5.4": "A status that a service never gives is tried again",
    "5.7": "A link that expired with 400 is renewed like one with 403",
    "5.8": "An upload session's Range counts in every form",
    "5.11": "Retry-After is read as a date too",
    "5.12": "What was never sent is withdrawn, and no key appears",
    "5.14": "Used-up prepaid credit waits for a person and goes on after topping up",
    "5.15": "A refusal that no service documents blames nobody's text",
    "5.16": "What never reached the service leaves no doubt",
    # 6: pictures, sound and film
    "6.1": "HDR and wide color come out as they were meant, and it is said",
    "6.2": "Oblong pixels, turned and interlaced clips are shown as they should be",
    "6.3": "Picture and sound of one file keep the time between them",
    "6.4": "A late start is no missing end, a cover is no video",
    "6.5": "One loader opens every picture: 16 bits, EXIF, CMYK, palettes and profiles come out right",
    "6.6": "A watermark stays inside the frame; the next FFmpeg in line is tried before anything stops",
    "6.7": "Marks for the voice are no speech; sounds of any length can be measured",
    "6.8": "What the host lacks is tried again and is never the input's fault",
    # 7: the board and people
    "7.1": "The board is right soon after any outage, also over a restart",
    "7.2": "Trouble of the board is told by the other ways, once",
    "7.3": "An entry says what it waits for and until when",
    "7.4": "One alert a cause and occurrence; waiting reviews, stuck entries and imbalance are told",
    "7.5": "An error log has the failure's own time",
    "7.6": "Advice names the key, the file, the command",
    "7.7": "Mail goes with a login inside checked TLS, and says what a server refuses",
    "7.8": "Refused entries are in status; jobs of cancelled entries are not counted",
    # 8: terminal, start and stop
    "8.1": "A command that is ended, however and whenever, leaves no process, socket or temporary file",
    "8.2": "The demo needs no channels of the folder and says what keeps it from going on",
    "8.3": "A first run shows what it does and leaves nothing behind unnamed",
    "8.4": "Tables leave out columns by rank and never cut an id or a status; one CLI, one completion that works",
    "8.5": "Any terminal, width and pipe is written to without a traceback; a nonsense number is a usage error",
    "8.6": "The consent's address answers many at once, holds its time limit and cleans what it is told",
    "8.7": "A hang-up during a start is a reload that waits",
    "8.8": "`./run` and `./test` work through links and under any path and locale",
    "8.9": "`channels check` says what is true: what serves in the sandbox only, has no effect or is not read",
    "8.10": "No test's verdict hangs on time",
    # 9: custom scripts
    "9.1": "A custom script gets only the options that the originals have",
    "9.2": "What an original takes from its environment is set there, for each channel",
    "9.3": "A custom script runs by its first line, the environment beside it, or videod's Python",
    "9.4": "A custom script finds ffmpeg and ffprobe by name; what is missing is said before money is spent",
    "9.5": "A paid custom script that ends without a file is in doubt, whatever its exit code",
    "9.6": "A scale is converted to what a custom script means by it",
    "9.7": "A model that is no more is a matter of the configuration",
    "9.8": "Proxies and certificates reach the scripts that go online",
    "9.9": "The daemon runs with every flag it has",
    # 10: dead ends
    "10.1": "What is lost is fetched or made again; a bad file sends its producer back",
    "10.2": "The film that was approved is the film that is uploaded",
    "10.3": "Only a full or failing disk is called a disk failure",
    "10.4": "Repeated purchases stand in the sums, marked",
    "10.5": "A film of another program is held against what it was made of",
    # 11: simulated services
    "11.1": "The stand-ins answer the services' own clients as the services do",
    # 12: security
    "12.1": "A cost that cannot be is booked at the price of the list, at every start",
    "12.2": "The books refuse sums below nothing, of unpaid steps and beyond belief; audit names them",
    "12.3": "No script commands the daemon: uid, a living process and a secret that no child can read",
    "12.4": "An upload goes to a session at YouTube; what a script notes for its next start no other can write",
    "12.5": "A child may change limits of itself alone, and the hunt for strays ends nobody else",
    "12.6": "Another user is refused at the control socket, and no script of ours changes a mode",
    "12.7": "A file that others made is opened without waiting, up to a bound",
    "12.8": "Sound, film and pictures of others are decoded behind a wall, one process a file",
    "12.9": "What is shown, used and published is what was checked",
    "12.10": "No step has a socket that it does not need, and none makes a namespace",
    "12.11": "Nothing that lies in a workspace leads the daemon out of it",
    "12.12": "No word of an alert becomes a header of its mail",
    "12.13": "Unfinished connections are bounded and closed; no descriptors is a condition, never an end",
    "12.14": "No redirect is followed with a key",
    "12.15": "Secrets leave a text whole, in part and in disguise before it is cut",
    "12.16": "What a service said is only words on the terminal, in a record and in a traceback",
    "12.17": "The consent server is concurrent, bounded in connections and time, and answers in its own name only",
    "12.18": "A link is judged by the address that is connected to",
    "12.19": "The status port answers only in this host's own name, on every path",
    "12.20": "Changes from another page, and bodies that are no JSON, are refused",
    "12.21": "Changed addresses are named; plain http is for this host",
    "12.22": "Only our own lists name other files; half a character in a request is refused with a sentence",
    # 13: reliability
    "13.1": "A time of the board in the future moves no cursor",
    "13.2": "What a person sets is never written over",
    "13.3": "A nonsense balance or token lifetime is no answer",
    "13.4": "Every strange shape of the board's answers is a failure of the board",
    "13.5": "What could not be checked in time is booked and checked again, and holds up nobody else",
    "13.6": "After a restore, what custom scripts made is adopted or counted",
    "13.7": "Locks and a busy database are waited for off the loop, with a bound",
    "13.8": "An approval is taken within seconds however much was queued",
    "13.9": "Only our own marked scripts count as still running",
    "13.10": "What may have been paid stands in the sums and counts against every cap",
    "13.11": "An answer that does not deny a purchase leaves it in doubt",
    "13.12": "A gate is judged again when its channel's file is back",
    "13.13": "A huge Retry-After of the board is bounded, and said",
    "13.14": "Limits of the host are named; signals and a broken heartbeat end cleanly",
}

_MARK = re.compile(r"^\s*@pytest\.mark\.fault\(([^)]*)\)\s*$")
_TEST = re.compile(r"^\s*(?:async )?def (test_\w+)")


def holders() -> dict[str, list[str]]:
    """row -> "file::test" of every test that says it holds the row."""
    found: dict[str, list[str]] = {}
    root = Path(__file__).parent.parent
    for path in sorted(root.rglob("test_*.py")):
        rows: list[str] = []
        for line in path.read_text().splitlines():
            if mark := _MARK.match(line):
                rows += re.findall(r'"([\d.]+)"', mark[1])
            elif (test := _TEST.match(line)) and rows:
                for row in rows:
                    found.setdefault(row, []).append(f"{path.relative_to(root.parent)}::{test[1]}")
                rows = []
    return found


if __name__ == "__main__":
    held = holders()
    for row, sentence in ROWS.items():
        print(f"{row:6} {sentence}")
        for holder in held.get(row, ["(no test yet)"]):
            print(f"         {holder}")

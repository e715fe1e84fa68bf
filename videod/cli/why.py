"""`videod why TASK`: one sentence that says whom an episode waits for, since when, and what comes next."""

from collections.abc import Sequence

from videod.cli import client, output, show
from videod.core.outlook import outlook
from videod.dashboard.reason import Case, Reason, why
from videod.store import reads, views
from videod.web import serializers


def main(argv: Sequence[str]) -> int:
    return output.run(_why, argv)


def _why(argv: Sequence[str]) -> int:
    options = output.parser("why", "Say in one sentence why an episode stands where it stands.", "videod why grizzly")
    options.add_argument("task", help="id, begin of an id, page id or a piece of the title")
    given = options.parse_args(argv)
    where = client.place(given)
    around, at = where.around(), client.now_ms()
    with client.looking(where) as connection:
        task = client.one_task(connection, given.task)
        case = Case(
            task=task, jobs=reads.jobs(connection, task.id), since=views.since(connection, task),
            suspensions=reads.suspensions(connection, at), ahead=views.ahead(connection, task),
            alive=around.daemon is not None, waits=around.waits, at=at, configured=show.configured(task),
        )  # fmt: skip
    reason = why(case)
    seen = outlook(case.task, case.jobs, case.suspensions, case.configured, at)
    if given.as_json:
        body = _json(reason) | {"task": serializers.task(task), "since": serializers.when(case.since)}
        output.print_json(body | serializers.prospects(seen, task))
        return output.OK
    command = f"; type `{reason.command}` to change that" if reason.command else ""
    output.say(f"{task.title} {reason.sentence}{command}.")
    return output.OK


def _json(reason: Reason) -> dict[str, object]:
    return {
        "waits_for": reason.waits_for, "sentence": reason.sentence, "command": reason.command,
        "next_at": serializers.when(reason.next_at),
    }  # fmt: skip

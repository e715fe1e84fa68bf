"""`videod why EPISODE`: one sentence that says whom an episode waits for, since when, and what comes next."""

from videod.cli import client, options, output, show
from videod.cli.options import AsJson, Config, Episode, StateFolder, examples
from videod.core.outlook import outlook
from videod.dashboard.reason import Case, Reason
from videod.dashboard.reason import why as reason_of
from videod.store import in_full, reads, views
from videod.web import details, serializers

app = options.app()


@app.command(epilog=examples("videod why grizzly"))
def why(episode: Episode, as_json: AsJson = False, state: StateFolder = None, config: Config = None) -> int:
    """Explain in one sentence what an episode is waiting for."""
    where = client.place(state, config)
    around, at = where.around(), client.now_ms()
    with client.looking(where) as connection:
        task = client.one_task(connection, episode)
        case = Case(
            task=task, jobs=reads.jobs(connection, task.id), since=views.since(connection, task),
            suspensions=reads.suspensions(connection, at), ahead=in_full.ahead(connection, task),
            alive=around.daemon is not None, waits=around.waits, at=at, configured=show.configured(task),
        )  # fmt: skip
    reason = reason_of(case)
    seen = outlook(case.task, case.jobs, case.suspensions, case.configured, at)
    if as_json:
        body = _json(reason) | {"task": serializers.task(task), "since": serializers.when(case.since)}
        output.print_json(body | details.prospects(seen, task))
        return output.OK
    command = f" Type `{reason.command}` to change that." if reason.command else ""
    output.say(f"{task.title} {reason.sentence}.{command}")
    return output.OK


def _json(reason: Reason) -> dict[str, object]:
    return {
        "waits_for": reason.waits_for, "sentence": reason.sentence, "command": reason.command,
        "next_at": serializers.when(reason.next_at),
    }  # fmt: skip

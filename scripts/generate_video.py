"""Makes one clip: hosts the seed picture, orders image-to-video at KIE, waits, downloads, checks.

Three verbs that must not be mixed up: *ask* (poll) and *fetch* (download) are free and repeated at will; *buy*
happens once, and again only for a clip that was refused (`<output>.refused`, see receipt) and comes as it was. The end
of `--wait` ends this program, never the remote job: the next run continues asking.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.lib import answers, atomic, bounds, clip_models, imagehost, kie, kling, receipt, script_runtime
from scripts.lib.clip_download import Gone, Unusable, fetch, inspect
from scripts.lib.failures import PASSING, Failure, Kind, secret
from scripts.lib.script_runtime import Reporter

MODEL = "kling/v2-5-turbo-image-to-video-pro"
NEGATIVE = "blur, distort, low quality"
POLL_CEILING_S = 10.0
POLL_GROWTH = 1.25
#: Answers that fail in a row before a run gives up asking; the job itself continues.
DEAF_LIMIT = 5
BUSY_WAIT_S = 60.0


@dataclass(frozen=True)
class Wish:
    """One clip to make. `poll_s` is the first pause between two questions; pauses grow to POLL_CEILING_S."""

    image: Path
    prompt: str
    negative: str
    output: Path
    seconds: int
    model: str
    cfg_scale: float | None
    hosts: tuple[str, ...]
    bucket: str | None
    wait_s: float
    poll_s: float
    buy_again: bool
    fetch_only: bool


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "generate_video.py",
        "Animate one picture at KIE (Kling 2.5: 0.42 USD for 10 s). Needs KIE_API_KEY in the environment.\n"
        "Started again with the same arguments it keeps waiting for the same job and never orders a second one.",
        "python scripts/generate_video.py --image composite_07.png --output clip_07.mp4 \\\n"
        '    --prompt "The bear lifts its head, water drips from its jaw. Slow push in."',
    )
    made.add_argument("--image", required=True, type=Path, help="the first frame, PNG or JPEG")
    made.add_argument("--prompt", required=True, help="what moves: core action first, camera last")
    made.add_argument("--output", required=True, type=Path, help="the clip to write, .mp4")
    made.add_argument("--negative-prompt", default=NEGATIVE, help=f"default {NEGATIVE!r}")
    made.add_argument("--duration", type=int, default=10, metavar="SECONDS", help="as the model makes them, default 10")
    made.add_argument("--model", default=MODEL, help=f"default {MODEL}. Write a mode after an @")
    made.add_argument("--cfg-scale", type=float, metavar="0..1", help="how closely the prompt is followed")
    made.add_argument("--image-host", choices=imagehost.HOSTS, default="kie", help="where the picture is put")
    made.add_argument("--image-host-second", choices=imagehost.HOSTS, help="used after the first failed three times")
    made.add_argument("--bucket", help="the bucket of r2 as an image host (or VIDEOD_R2_BUCKET)")
    made.add_argument("--wait", type=float, default=900.0, metavar="SECONDS", help="how long to wait, default 900")
    made.add_argument("--poll", type=float, default=2.0, metavar="SECONDS", help="first pause, default 2")
    made.add_argument(
        "--buy-again", action="store_true", help="order even if an earlier request may have been paid for"
    )
    made.add_argument("--fetch-only", action="store_true", help="fetch what an earlier run ordered and never order")
    return made


def read_wish(arguments: argparse.Namespace) -> Wish:
    """The request of the command line. Raises Failure(usage or input) for what the service would refuse."""
    scale: float | None = arguments.cfg_scale
    if scale is not None and not 0 <= scale <= 1:
        raise Failure(Kind.USAGE, "--cfg-scale must be between 0 and 1")
    if arguments.output.suffix.lower() != ".mp4":
        raise Failure(Kind.USAGE, f"--output ends .mp4, not {arguments.output.suffix!r}")
    if arguments.wait < 0 or arguments.poll <= 0:
        raise Failure(Kind.USAGE, "--wait and --poll are numbers of seconds above 0")
    hosts = filter(None, (arguments.image_host, arguments.image_host_second))
    kling.check(arguments.model, arguments.prompt, arguments.negative_prompt, arguments.duration)
    return Wish(
        image=arguments.image, prompt=arguments.prompt, negative=arguments.negative_prompt, output=arguments.output,
        seconds=arguments.duration, model=arguments.model, cfg_scale=scale, hosts=tuple(dict.fromkeys(hosts)),
        bucket=arguments.bucket, wait_s=arguments.wait, poll_s=arguments.poll, buy_again=arguments.buy_again,
        fetch_only=arguments.fetch_only,
    )  # fmt: skip


def fingerprint(wish: Wish, image: str) -> str:
    settings: dict[str, answers.Json] = {
        "negative": wish.negative,
        "seconds": wish.seconds,
        "cfg_scale": wish.cfg_scale,
    }
    return receipt.digest(kie.SERVICE, wish.model, wish.prompt, settings, [image])


def buy(wish: Wish, image_sha256: str, order: receipt.Order, reporter: Reporter) -> None:
    """Host the picture and order the clip; a picture that KIE cannot fetch is hosted once more, elsewhere if it can."""
    seed = imagehost.seed_of(wish.image, image_sha256, kling.IMAGE_BYTES)
    hosts = wish.hosts
    for attempt in (1, 2):
        reporter.progress(0.0, f"putting {wish.image.name} on {hosts[0]}")
        hosted = imagehost.publish(hosts, seed, wish.bucket, lambda text: reporter.progress(0.0, text))
        request = kling.request(wish.model, hosted.url, wish.prompt, wish.negative, wish.seconds, wish.cfg_scale)
        try:
            with order.paid():
                task = kie.create(clip_models.parts(wish.model)[0], request)
                order.submitted(task)
        except Failure as failure:
            if failure.kind is Kind.DOWN and failure.code in kie.UNFETCHED and attempt == 1:
                hosts = (*(host for host in hosts if host != hosted.host), hosted.host)
                continue
            raise
        reporter.submitted(kie.SERVICE, task)
        return


def wait(wish: Wish, order: receipt.Order, reporter: Reporter) -> kie.Task:
    """Ask until the task ended or the wait is over. Raises Failure(busy) for the latter; the job continues."""
    task_id = order.remote_id or ""
    began, pause, deaf, shown = time.monotonic(), wish.poll_s, 0, ""
    while True:
        try:
            task = kie.ask(task_id)
            deaf = 0
        except Failure as failure:
            deaf += 1
            long = failure.kind is Kind.BUSY and (failure.retry_after_s or 0) > POLL_CEILING_S
            if failure.kind not in PASSING or deaf >= DEAF_LIMIT or long:
                raise
            task = kie.Task("silent", (), "", "", None, None)
        if task.state in {"success", "fail"}:
            return task
        _check_age(task, order)
        if task.state != shown:
            reporter.progress(_share(task, began, wish), f"{task_id}: {task.state}")
            shown = task.state
        left = wish.wait_s - (time.monotonic() - began)
        if left <= 0:
            raise Failure(
                Kind.BUSY, f"task {task_id} is not ready after {wish.wait_s:.0f} s. It continues at KIE",
                service=kie.SERVICE, endpoint="GET /api/v1/jobs/recordInfo", retry_after_s=BUSY_WAIT_S,
                next_step="run the same command again to keep waiting",
            )  # fmt: skip
        time.sleep(min(pause, left))
        pause = max(wish.poll_s, min(POLL_CEILING_S, pause * POLL_GROWTH))


def _check_age(task: kie.Task, order: receipt.Order) -> None:
    """Raises Failure(in_doubt) for a task that will not end any more: the service forgot it, or never ends it."""
    age_s, code = _age_s(order), None
    if task.state == "unknown" and age_s > kie.GRACE_S:
        message, code = f"task {order.remote_id} was accepted, but the service no longer knows it", "422"
    elif task.state in kie.STATES and age_s > kie.LIMIT_S:
        message = (
            f"task {order.remote_id} is still {task.state!r} {age_s / 60:.0f} minutes after it was ordered. KIE gives a"
            " task up after 10, so nobody knows whether it is paid for"
        )
    else:
        return
    raise Failure(Kind.IN_DOUBT, message, service=kie.SERVICE, endpoint="GET /api/v1/jobs/recordInfo", code=code)


def _age_s(order: receipt.Order) -> float:
    if order.receipt is None:
        return 0.0
    asked = bounds.moment(order.receipt.at)
    return 0.0 if asked is None else (datetime.now(UTC) - asked).total_seconds()


def _share(task: kie.Task, began: float, wish: Wish) -> float:
    if task.progress is not None:
        return 0.9 * (task.progress if task.progress <= 1 else task.progress / 100)
    return min(0.9, 0.9 * (time.monotonic() - began) / max(wish.wait_s, 1.0))


def charge(wish: Wish, task: kie.Task, order: receipt.Order, reporter: Reporter) -> None:
    """Report what the clip cost, once: a later run that only downloads finds the price in the receipt."""
    if order.receipt is None or order.receipt.usd is not None:
        return
    credits = task.credits if task.credits is not None else clip_models.credits(wish.model, wish.seconds)
    usd = round(credits * kie.USD_PER_CREDIT, 6) if credits is not None else None
    reporter.charged(kie.SERVICE, "clip", credits or 0, "credit", usd, order.remote_id)
    order.priced(usd)


def collect(
    wish: Wish, order: receipt.Order, reporter: Reporter, refused: str | None = None, may_reorder: bool = False
) -> bool:  # fmt: skip
    """See an order through to the file. False when it has to be ordered again, which `may_reorder` allows for a task
    that never ends and for a useless result; a clip whose bytes have the digest `refused` was found useless already."""
    try:
        task = wait(wish, order, reporter)
    except Failure as endless:
        if endless.kind is not Kind.IN_DOUBT or not may_reorder:
            raise
        script_runtime.warn(f"{endless.message}. Buying again, as you said")
        order.withdraw()
        return False
    if task.state == "fail":
        failure = kie.why_failed(task)
        order.withdraw()
        raise failure
    charge(wish, task, order, reporter)
    reporter.progress(0.92, "downloading")
    try:
        facts = fetch(task.urls, wish.output, wish.seconds)
    except (Gone, Unusable):
        if not may_reorder:
            raise
        script_runtime.warn("the finished clip cannot be fetched. Buying again, as you said")
        order.withdraw()
        return False
    if refused is not None and atomic.fingerprint(wish.output)[1] == refused:
        script_runtime.warn(f"the clip of {order.remote_id} is the one that was refused. Ordering another")
        order.withdraw()
        atomic.remove(wish.output)
        return False
    order.received()
    reporter.result(wish.output, **facts, task_id=order.remote_id)
    return True


def fetch_again(wish: Wish, reporter: Reporter) -> None:
    """Fetch the clip of the order on the receipt, whatever was asked for then: its file was lost.

    Raises Failure(input) where there is no such order.
    """
    kept = receipt.read(wish.output)
    if kept is None or kept.remote_id is None:
        raise Failure(Kind.INPUT, f"{receipt.path_for(wish.output)} names no order to fetch", service=kie.SERVICE)
    if kept.state == "received" and wish.output.is_file():
        reporter.result(wish.output, **inspect(wish.output, wish.seconds), task_id=kept.remote_id)
        return
    secret("KIE_API_KEY", "KIE")
    order = receipt.Order(wish.output, kie.SERVICE, kept.digest)
    order.receipt = kept
    reporter.submitted(kie.SERVICE, kept.remote_id)
    collect(wish, order, reporter)


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    wish = read_wish(arguments)
    if wish.fetch_only:
        fetch_again(wish, reporter)
        return
    _, image_sha256 = atomic.fingerprint(wish.image)
    order = receipt.open_order(
        wish.output, kie.SERVICE, fingerprint(wish, image_sha256), buy_again=wish.buy_again
    )  # fmt: skip
    if order.state == "received":
        reporter.result(wish.output, **inspect(wish.output, wish.seconds), task_id=order.remote_id)
        return
    secret("KIE_API_KEY", "KIE")
    if order.state == "submitted" and order.remote_id is not None:
        reporter.submitted(kie.SERVICE, order.remote_id)
        if collect(wish, order, reporter, receipt.refused_digest(wish.output), may_reorder=wish.buy_again):
            return
    buy(wish, image_sha256, order, reporter)
    collect(wish, order, reporter)


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())

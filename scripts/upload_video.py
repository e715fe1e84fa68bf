"""Uploads one film to YouTube, once.

There is no idempotency key, so the order of questions is the safety: has an earlier run left a result? Is the consent
for the channel that is meant? What does the session say? Is a video with our marker already in the channel? Only
then is a new upload started. The session's address is on disk before the first byte leaves.
"""

import argparse
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.lib import answers, atomic, google_oauth, notes, script_runtime, youtube, youtube_channel
from scripts.lib.answers import dig
from scripts.lib.failures import Failure, Kind, secret
from scripts.lib.script_runtime import Reporter
from scripts.lib.upload_session import Journal, Sender, open_journal
from scripts.lib.video_extras import Extras
from scripts.lib.youtube import Channel, Metadata
from scripts.lib.youtube_data import YouTubeData

PRIVACY = ("private", "unlisted", "public")
CHUNK_MIB = 8


@dataclass(frozen=True)
class Wish:
    """One film to publish. `marker` is the description's last line, by which the video is found again."""

    video: Path
    size: int
    sha256: str
    metadata: Metadata
    marker: str
    output: Path
    journal: Path
    chunk: int
    extras: Extras


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "upload_video.py",
        "Upload a film to YouTube. Started again it resumes where it stopped and never uploads twice. Captions and"
        " thumbnail follow. One that YouTube refuses is reported and never fails the upload.\n"
        "Needs YOUTUBE_ACCESS_TOKEN, or --token-file with GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET, VIDEOD_MASTER_KEY.",
        'python scripts/upload_video.py --video film.mp4 --title "Bears" --description "A river." \\\n'
        "    --privacy unlisted --not-made-for-kids --synthetic-media --output result.json",
    )
    made.add_argument("--video", required=True, type=Path, help="the film, .mp4")
    made.add_argument("--title", required=True, help="at most 100 characters")
    text = made.add_mutually_exclusive_group()
    text.add_argument("--description", default="", help="at most 5,000 bytes with the marker line")
    text.add_argument("--description-file", type=Path, metavar="FILE", help="the description as UTF-8 text")
    made.add_argument("--tags", default="", help="separated by commas, at most 500 characters in all")
    made.add_argument("--category", default="15", help="YouTube's category number, default 15 (pets and animals)")
    made.add_argument("--privacy", required=True, choices=PRIVACY, help="who may see it")
    kids = made.add_mutually_exclusive_group(required=True)
    kids.add_argument("--made-for-kids", action="store_true", dest="kids")
    kids.add_argument("--not-made-for-kids", action="store_false", dest="kids")
    made.add_argument("--synthetic-media", action=argparse.BooleanOptionalAction, default=True,
                      help="declare realistic generated scenes, default yes")  # fmt: skip
    made.add_argument("--language", default="en", help="default en")
    made.add_argument("--marker", help="one line that names this film forever (default: made from the file's digest)")
    made.add_argument("--digest", metavar="SHA256", help="digest of the film (a file with another one is not uploaded)")
    made.add_argument("--youtube-channel", metavar="NAME",
                      help="the only channel to upload to: id (UC...), @handle or user/NAME")  # fmt: skip
    made.add_argument("--output", required=True, type=Path, help="the result to write, .json")
    made.add_argument("--receipt", type=Path, metavar="FILE", help="the session's journal, default OUTPUT.session.json")
    made.add_argument("--captions", type=Path, metavar="FILE", help="an .srt in the video's language (empty: none)")
    made.add_argument("--thumbnail", type=Path, metavar="FILE", help="a .jpg or .png of 16:9, below 2 MB")
    made.add_argument("--chunk-mib", type=float, default=CHUNK_MIB, help=f"default {CHUNK_MIB}, steps of 0.25")
    made.add_argument("--token-file", type=Path, metavar="FILE", help="a file of youtube_auth.py")
    return made


def read_wish(arguments: argparse.Namespace) -> Wish:
    """The request of the command line, all limits checked. Raises Failure(usage or input)."""
    size, sha256 = atomic.fingerprint(arguments.video)
    if size == 0:
        raise Failure(Kind.INPUT, f"{arguments.video} is empty")
    if arguments.digest is not None and sha256 != arguments.digest.lower():
        raise Failure(
            Kind.INPUT, f"{arguments.video.name} is not the film that was approved: its content has changed",
            next_step="put the approved film back or approve the other one",
        )  # fmt: skip
    chunk = int(arguments.chunk_mib * (1 << 20))
    if chunk <= 0 or chunk % youtube.CHUNK_STEP:
        raise Failure(Kind.USAGE, "--chunk-mib is a multiple of 0.25")
    marker = (arguments.marker or f"videod:{sha256[:16]}").strip()
    if not marker or "\n" in marker:
        raise Failure(Kind.USAGE, "--marker is one line of text")
    text: str = arguments.description
    if arguments.description_file is not None:
        try:
            text = arguments.description_file.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise Failure(Kind.INPUT, f"{arguments.description_file} is not UTF-8 text") from error
    metadata = Metadata(
        title=arguments.title.strip(), description=f"{text.rstrip()}\n\n{marker}".lstrip(),
        tags=tuple(tag.strip() for tag in arguments.tags.split(",") if tag.strip()), category=arguments.category,
        language=arguments.language, privacy=arguments.privacy, made_for_kids=arguments.kids,
        synthetic=arguments.synthetic_media,
    )  # fmt: skip
    metadata.check()
    output: Path = arguments.output
    kept = arguments.receipt or notes.place(output, output.name + ".session.json")
    extras = Extras(
        notes.place(output, output.name + ".extras.json"), _filled(arguments.captions), arguments.language,
        arguments.thumbnail,
    )  # fmt: skip
    return Wish(arguments.video, size, sha256, metadata, marker, output, kept, chunk, extras)


def _filled(path: Path | None) -> Path | None:
    """The file, None where it is empty: a film may have no words, or none whose times are known."""
    return path if path is not None and path.is_file() and path.stat().st_size else None


def access_token(token_file: Path | None) -> str:
    if token_file is None:
        return secret("YOUTUBE_ACCESS_TOKEN", "YouTube")
    return google_oauth.access_of(token_file)


def earlier_result(wish: Wish) -> dict[str, answers.Json] | None:
    """The result of an earlier run for the same film, None for another one's or none; nobody else can have noted it."""
    try:
        found = answers.record(answers.parse(atomic.read_small(notes.place(wish.output, wish.output.name))))
    except (OSError, ValueError):
        return None
    same = found.get("sha256") == wish.sha256 and found.get("marker") == wish.marker
    return found if same and answers.text(found.get("video_id")) else None


def put(place: Path, text: str) -> None:
    """Write the result unless it is there already: a finished output stays as it was checked."""
    with suppress(OSError):
        if atomic.read_small(place) == text.encode():
            return
    atomic.write_text(place, text)


def publish(wish: Wish, channel: Channel, reporter: Reporter) -> tuple[str, bool]:
    """The id of the film's video, and whether it was uploaded by this and earlier runs of this very journal.

    Ask the session, then look, then leap.
    """
    journal = open_journal(wish.journal, wish.sha256, wish.marker, wish.size)
    sender = Sender(channel, wish.video, wish.size, wish.chunk, reporter)
    if journal is not None:
        reporter.progress(0.0, "asking the upload session of an earlier run")
        video = sender.go_on(journal)
        if video is not None:
            return video_id_of(video), True
    reporter.progress(0.0, "looking for an earlier upload in the channel")
    found = channel.find(wish.marker)
    if found is not None:
        return found, journal is not None
    if journal is not None:
        journal.check_listing()
    session = channel.start(wish.metadata.resource(), wish.size)
    journal = Journal.new(wish.journal, session, wish.sha256, wish.marker, wish.size)
    journal.keep()
    reporter.submitted(youtube.SERVICE, session, shown="an upload session")
    reporter.charged(youtube.SERVICE, "upload", 1, "insert", 0.0)
    video = sender.send(journal, 0)
    if video is None:
        raise Failure(Kind.DOWN, "the upload session expired during the upload", service=youtube.SERVICE,
                      endpoint=youtube.SESSION, http_status=404)  # fmt: skip
    return video_id_of(video), True


def video_id_of(video: answers.Json) -> str:
    found = answers.text(dig(video, "id"))
    if found is None:
        raise Failure(Kind.NONSENSE, "the finished upload has no video id", service=youtube.SERVICE,
                      endpoint=youtube.SESSION)  # fmt: skip
    return found


def read_back(channel: Channel, video_id: str, wish: Wish) -> str | None:
    """The privacy that YouTube shows, None when it cannot be read yet; a rejected video is a failure."""
    try:
        video = channel.video(video_id)
    except Failure as failure:
        script_runtime.warn(f"the video is up ({video_id}), its status could not be read back: {failure.message}")
        return None
    state = answers.text(dig(video, "status", "uploadStatus"))
    if state in {"rejected", "failed"}:
        name = "rejectionReason" if state == "rejected" else "failureReason"
        reason = answers.text(dig(video, "status", name)) or "no reason given"
        raise Failure(
            Kind.REFUSED if state == "rejected" else Kind.INPUT, f"YouTube {state} the video {video_id}: {reason}",
            service=youtube.SERVICE, endpoint="GET /youtube/v3/videos", code=reason,
            next_step="look at the video in YouTube Studio",
        )  # fmt: skip
    shown = answers.text(dig(video, "status", "privacyStatus"))
    if shown is not None and shown != wish.metadata.privacy:
        script_runtime.warn(f"the video {video_id} is {shown} although {wish.metadata.privacy} was asked for")
    return shown


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    wish = read_wish(arguments)
    result = earlier_result(wish)
    if result is None:
        token = access_token(arguments.token_file)
        if arguments.youtube_channel:
            reporter.progress(0.0, "asking YouTube which channel this consent is for")
            youtube_channel.verified(YouTubeData(token), arguments.youtube_channel)
        channel = Channel(token)
        video_id, uploaded = publish(wish, channel, reporter)
        if not uploaded:
            script_runtime.warn(f"the channel already holds this film as {video_id}. Nothing was uploaded")
        shown = read_back(channel, video_id, wish)
        result = {
            "video_id": video_id, "url": youtube.watch_url(video_id), "title": wish.metadata.title,
            "privacy": shown or wish.metadata.privacy, "bytes": wish.size, "sha256": wish.sha256,
            "marker": wish.marker, **wish.extras.send(token, video_id),
        }  # fmt: skip
    for place in dict.fromkeys((notes.place(wish.output, wish.output.name), wish.output)):
        put(place, json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    atomic.remove(wish.journal)
    atomic.remove(wish.extras.noted)
    reporter.result(
        wish.output, video_id=answers.text(result.get("video_id")), url=answers.text(result.get("url")),
        privacy=answers.text(result.get("privacy")), video_bytes=wish.size, video_sha256=wish.sha256,
        captions=answers.text(result.get("captions")), thumbnail=answers.text(result.get("thumbnail")),
    )  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())

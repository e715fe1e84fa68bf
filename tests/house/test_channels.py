"""The channel files: strict, all faults at once with file and line, no surprises of YAML, no bombs."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videod.channels import ChannelError, load_channels, load_files
from videod.cli import main
from videod.documents import DocumentError
from videod.strict_yaml import parse

ROOT = Path(__file__).parents[2]
GOOD = """\
name: Wild
youtube_channel: UCwild
voice_id: sandbox-narrator-1
brand: Short stories about wild animals and their places.
"""


def written(folder: Path, text: str, name: str = "wild") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ChannelError) as refused:
        load_files([path])
    return str(refused.value)


def test_the_sample_channels_are_complete_and_have_no_warnings() -> None:
    found = load_channels(ROOT / "channels")
    assert set(found.channels) == {"wild_planet", "deep_ocean"}
    assert found.warnings == ()
    assert len(found.files) == 2
    for channel in found.channels.values():
        assert len(channel.brand) > 200 and channel.tags
    assert found.channels["deep_ocean"].watermark == ROOT / "channels" / "brand" / "deep_ocean_mark.png"
    assert found.channels["wild_planet"].gates.final == "auto"


def test_four_lines_make_a_channel_and_the_rest_has_defaults(tmp_path: Path) -> None:
    channel = load_files([written(tmp_path, GOOD)]).channels["wild"]
    assert (channel.id, channel.clips, channel.images, channel.clip_seconds) == ("wild", 18, 22, 10)
    assert (channel.storage, channel.privacy, channel.category) == ("notion", "private", "15")
    assert (channel.gates.assets, channel.gates.final) == ("review", "auto")
    assert (channel.voice.stability, channel.voice.similarity, channel.voice.style) == (0.40, 0.75, 0.12)
    assert channel.rebuy_ceiling_usd == 0.5 and channel.max_concurrent == 2


def test_music_is_a_list_of_tracks_each_with_its_license(tmp_path: Path) -> None:
    (tmp_path / "dawn.mp3").write_bytes(b"x")
    listed = "music:\n  - file: dawn.mp3\n    mood: calm, dawn\n    licence: CC BY 4.0\n    credit: Dawn by A\n"
    (track,) = load_files([written(tmp_path, GOOD + listed)]).channels["wild"].music
    assert (track.file, track.mood, track.said) == (tmp_path / "dawn.mp3", "calm, dawn", "Dawn by A (CC BY 4.0)")
    told = refusal(written(tmp_path, GOOD + listed.replace("    licence: CC BY 4.0\n", "")))
    assert "music" in told and "licence" in told
    gone = load_files([written(tmp_path, GOOD + listed.replace("file: dawn", "file: dusk"))])
    assert len(gone.warnings) == 1 and "Films are made without it" in gone.warnings[0]


def test_all_faults_of_all_files_are_listed_with_file_and_line(tmp_path: Path) -> None:
    written(tmp_path, GOOD + "clips: many\ncolour: red\n", "one")
    written(tmp_path, "name: Two\n", "two")
    written(tmp_path, GOOD + "tags: [a\n", "three")
    with pytest.raises(ChannelError) as refused:
        load_channels(tmp_path)
    lines = str(refused.value).splitlines()
    assert f'{tmp_path}/one.yaml:5: clips: must be a valid integer, not "many". Write for example clips: 18' in lines
    assert any(line.startswith(f"{tmp_path}/one.yaml:6: colour: is not a known key") for line in lines)
    assert any("three.yaml" in line and "is not valid YAML" in line for line in lines)
    missing = [line for line in lines if "two.yaml" in line]
    assert [line.split(": ")[1] for line in missing] == ["brand", "voice_id", "youtube_channel"]
    assert all("is missing. Write for example" in line for line in missing)


@pytest.mark.parametrize(
    ("more", "line", "says"),
    [
        ("made_for_kids: yes", 5, 'must be true or false (without quotes), not "yes"'),
        ("made_for_kids: no", 5, "must be true or false"),
        ("made_for_kids: 0", 5, "must be true or false"),
        ("category: 15", 5, 'must be text in quotes, not 15. Write for example category: "15"'),
        ("language: EN", 5, "pattern"),
        ("language: tlh", 5, "cannot judge narrations in 'tlh'"),
        ("language: en-UK", 5, "Write en-GB"),
        ("clips: 0", 5, "greater than or equal to 1"),
        ("clips: 1e3", 5, "valid integer"),
        ("clip_seconds: 2", 5, "greater than or equal to 3"),
        ("video_model: sora", 5, "'sora' is not a model that videod knows. Write one of kling/v2-5-turbo"),
        ("video_model: kling-3.0/video@8K", 5, "is not a model that videod knows"),
        ("video_model: grok-imagine/image-to-video\nclip_seconds: 5", 6, "makes clips of 6, 10 seconds"),
        ("privacy: hidden", 5, "'private', 'unlisted' or 'public'"),
        ("storage: s3", 5, "'notion' or 'r2'"),
        ("gates:\n  video: maybe", 6, "'review' or 'auto'"),
        ('category: "99"', 5, "is not a category that YouTube accepts. Write one of 1 Film & Animation"),
        ('category: "0"', 5, "is not a category that YouTube accepts"),
        ("gates: {assets: auto, video: auto, audio: auto, final: auto}", 5, "publish_without_review: true"),
        (f"description_template: '{{description}}{'x' * 4955}'", 5, "for the words of a plan"),
        ("description_template: '{description}{topic}{topic}'", 5, "for the words of a plan"),
        ("gates:\n  upload: auto", 6, "Known here: story, assets, video, audio, final"),
        ("gates: review", 5, "must hold keys and values of its own"),
        ("voice:\n  stability: 40", 6, "less than or equal to 1"),
        ("daily_budget_usd: .inf", 5, "valid number"),
        ("daily_budget_usd: 1e999", 5, "finite"),
        ("daily_budget_usd: -1", 5, "greater than or equal to 0"),
        ("tags:\n  - nature\n  - 7", 7, "must be text in quotes"),
        ("tags: nature", 5, "must be a list"),
        ("tags: ['a, b']", 5, "one tag per line"),
        (f"tags: [{'x' * 300}, {'y' * 300}]", 5, "YouTube takes 500"),
        ("description_template: 'by {author}'", 5, "{author} is not a placeholder"),
        ("description_template: '<b>'", 5, "YouTube refuses"),
        (f"description_template: '{'ä' * 2600}'", 5, "5000 bytes"),
        ("id: wilder", 5, "Write id: wild or rename the file to wilder.yaml"),
        ("clips: 18\nclips: 20", 6, "'clips' appears twice"),
        ("tags: &t [a]", 5, "anchors (&name) are not allowed"),
        ("tags: *t", 5, "aliases (*name) are not allowed"),
        ("voice: {<<: {stability: 0.1}}", 5, "merge keys (<<) are not allowed"),
        ("tags: !!python/tuple [a]", 5, "tags (!name) are not allowed"),
        ("clips: !!int '18'", 5, "tags (!name) are not allowed"),
        ("? [a, b]\n: c", 5, "a key must be one word"),
        ("intro: 3", 5, "intro"),
        ("name_2: |", 5, "is not a known key"),
    ],
)
def test_a_wrong_line_is_refused_with_its_number(tmp_path: Path, more: str, line: int, says: str) -> None:
    path = written(tmp_path, GOOD + more + "\n")
    said = refusal(path)
    assert f"{path}:{line}: " in said
    assert says in said


@pytest.mark.parametrize("name", ["Wild", "wild planet", "w" * 33, "ünder"])
def test_a_file_name_that_is_no_channel_id_is_refused(tmp_path: Path, name: str) -> None:
    assert ": id: " in refusal(written(tmp_path, GOOD, name))


def test_a_name_with_an_angle_bracket_would_be_refused_by_youtube(tmp_path: Path) -> None:
    assert "must not contain < or >" in refusal(written(tmp_path, GOOD.replace("name: Wild", "name: <Wild>")))


def test_that_nobody_looks_must_be_said_and_is_repeated(tmp_path: Path) -> None:
    auto = "gates: {assets: auto, video: auto, audio: auto, final: auto}\n"
    path = written(tmp_path, GOOD + auto + "publish_without_review: true\n")
    found = load_files([path])
    (warning,) = found.warnings
    assert warning.startswith(
        f"{path}:6: publish_without_review: films of Wild are published without anyone's approval"
    )
    assert found.channels[path.stem].publish_without_review


@pytest.mark.fault("4.1")
def test_what_is_left_for_a_plan_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, GOOD + "tags: [bears, wild animals]\n")
    assert main.run(["channels", "check", str(path)]) == 0
    told = capsys.readouterr().out
    assert f"{path.stem}: a plan can use 479 of YouTube's 500 characters for tags and" in told


def test_a_name_with_a_comma_cannot_be_an_option_of_the_board(tmp_path: Path) -> None:
    assert "comma or line break" in refusal(written(tmp_path, GOOD.replace("name: Wild", "name: Wild, and free")))


@pytest.mark.fault("2.10")
@pytest.mark.parametrize("emoji", ["\U0001faef", "\U0001fae8", "\U0001f468\u200d\U0001f467", "\u2764\ufe0f"], ids=ascii)
def test_a_channel_may_have_an_emoji_of_any_year_in_its_name_and_texts(tmp_path: Path, emoji: str) -> None:
    text = GOOD.replace("name: Wild", f"name: Wild {emoji}").replace("Short", f"{emoji} Short") + f"tags: [a {emoji}]\n"
    channel = load_files([written(tmp_path, text)]).channels["wild"]
    assert (channel.name, channel.tags) == (f"Wild {emoji}", (f"a {emoji}",))
    assert channel.brand.startswith(emoji)


@pytest.mark.fault("2.10")
@pytest.mark.parametrize("escape", ["\\ufdd0", "\\ue000", "\\u202e", "\\e", "\\n", "\\u2028", "\\u200b"])
def test_a_name_with_what_is_no_text_is_refused(tmp_path: Path, escape: str) -> None:
    assert "name: " in refusal(written(tmp_path, GOOD.replace("name: Wild", f'name: "Wild{escape}x"')))


def test_two_channels_of_one_name_are_refused(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "one")
    written(tmp_path, GOOD.replace("Wild", "WILD"), "two")
    with pytest.raises(ChannelError, match=r"two\.yaml: name: is already the name of .*one\.yaml"):
        load_channels(tmp_path)


def test_a_missing_intro_is_a_warning_and_the_channel_goes_without(tmp_path: Path) -> None:
    (tmp_path / "mark.png").write_bytes(b"x")
    path = written(tmp_path, GOOD + "intro: brand/intro.mp4\nwatermark: mark.png\noutro:\n")
    found = load_files([path])
    channel = found.channels["wild"]
    assert channel.intro is None and channel.outro is None
    assert channel.watermark == tmp_path / "mark.png"
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith(f"{path}:5: intro: there is no file {tmp_path}/brand/intro.mp4")


def test_a_yml_file_and_an_empty_folder_are_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "wild.yml").write_text(GOOD)
    found = load_channels(tmp_path)
    assert not found.channels
    assert any("is called wild.yaml" in warning for warning in found.warnings)
    assert any("contains no channel" in warning for warning in found.warnings)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="no such folder"):
        load_channels(tmp_path / "none")


# ---------------------------------------------------------------- YAML's surprises and bombs

BOMB = 'a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]\n' + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "anchors"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested deeper"),
        ("a: " + "{x: " * 5000 + "1" + "}" * 5000, "nested deeper"),
        ("\n".join(" " * n + "k:" for n in range(300)), "nested deeper"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("- a\n- b\n", "`key: value`"),
        ("just text", "`key: value`"),
        ("", "`key: value`"),
        ("a: \x07", "not valid YAML"),
        ("a: [1, 2", "not valid YAML"),
        ("\ta: 1", "not valid YAML"),
        ("'a': 1\na: 2", "appears twice"),
        ("x:\n  a: 1\n  a: 2", "appears twice"),
    ],
)
def test_a_poisoned_file_is_refused_at_once(text: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says.replace("`", ".")):
        parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("true", True), ("false", False), ("True", "True"), ("0777", "0777"),
        ("0x1F", "0x1F"), ("1:30", "1:30"), ("2026-01-01", "2026-01-01"), ("1_000", "1_000"),
        ("18", 18), ("-3", -3), ("0.5", 0.5),
        ("1e3", 1000.0), (".5", 0.5), (".inf", ".inf"), ("~", None), ("null", None), ("", None), ("'18'", "18"),
        ('"true"', "true"), ("9" * 40, "9" * 40), ("[1, a, true]", [1, "a", True]), ("{a: 1}", {"a": 1}),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)  # fmt: skip
def test_only_plain_numbers_true_false_and_null_are_more_than_text(text: str, value: object) -> None:
    read = parse(f"key: {text}").values["key"]
    assert read == value
    assert type(read) is type(value)


def test_every_key_and_item_has_its_line() -> None:
    document = parse("# comment\na: 1\nb:\n  c: 2\n  d:\n    - x\n    - y\n")
    assert document.lines[("a",)] == 2
    assert document.lines[("b", "c")] == 4
    assert document.lines[("b", "d", 1)] == 7


@settings(max_examples=300)
@given(st.text(alphabet="ab:-[]{}&*!|>#'\"\n 01?,%@`<~\t", max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        assert isinstance(parse(text).values, dict)
    except DocumentError as refused:
        assert refused.reason


@pytest.mark.fault("3.6")
def test_no_sample_channel_claims_what_nobody_keeps() -> None:
    """People copy the samples: a claim in a description would be published under each of their films."""
    root = Path(__file__).parents[2]
    for path in (*sorted((root / "channels").glob("*.yaml")), root / "README.md"):
        text = path.read_text().casefold()
        for claim in ("facts are checked", "fact-checked", "against the literature", "one true moment", "peer-reviewed",
                      "verified by"):  # fmt: skip
            assert claim not in text, f"{path.name} claims: {claim}"
    template = load_channels(root / "channels").channels["wild_planet"].description_template
    assert "made with AI" in template


@pytest.mark.fault("3.1")
@pytest.mark.parametrize(
    ("written", "read"),
    [("UCwild", "UCwild"), ("'@WildPlanet'", "@wildplanet"), ("https://www.youtube.com/@wild/videos", "@wild")],
)
def test_a_youtube_channel_is_kept_in_its_one_form(tmp_path: Path, written: str, read: str) -> None:
    (tmp_path / "wild.yaml").write_text(GOOD.replace("UCwild", written))
    assert load_channels(tmp_path).channels["wild"].youtube_channel == read


@pytest.mark.fault("3.1")
def test_what_names_no_youtube_channel_is_refused_when_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "wild.yaml").write_text(GOOD.replace("UCwild", "https://www.youtube.com/c/WildPlanet"))
    with pytest.raises(ChannelError, match=r"wild.yaml:\d+: youtube_channel: .*custom address.*@handle"):
        load_channels(tmp_path)

"""What a custom script's last words prove of its purchase: only what can come from nothing but the time before it."""

import pytest

from videod.core.failures import Kind
from videod.core.unsent import proven

IMPORT = (
    'Traceback (most recent call last):\n  File "/opt/studio/generate_video.py", line 9, in <module>\n'
    "    import requests\nModuleNotFoundError: No module named 'requests'"
)
LATE_IMPORT = (
    'Traceback (most recent call last):\n  File "/opt/studio/generate_video.py", line 90, in <module>\n    main()\n'
    '  File "/opt/studio/generate_video.py", line 71, in main\n    from PIL import Image\n'
    "ModuleNotFoundError: No module named 'PIL'"
)
NESTED_IMPORT = (
    'Traceback (most recent call last):\n  File "/opt/studio/a.py", line 3, in <module>\n    from google import genai\n'
    '  File "<frozen importlib._bootstrap>", line 1178, in _find_and_load\n'
    '  File "/opt/x/site-packages/google/genai/__init__.py", line 4, in <module>\n    import httpx\n'
    "ImportError: cannot import name 'x' from 'httpx'"
)
REFUSED_AT_DOWNLOAD = (
    'Traceback (most recent call last):\n  File "/opt/a.py", line 80, in <module>\n    main()\n'
    '  File "/opt/a.py", line 61, in download_video\n    with urlopen(url) as reply:\n'
    "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>"
)


@pytest.mark.fault("9.5")
@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (2, "usage: a.py [-h] --text TEXT\na.py: error: unrecognized arguments: --voice v1", Kind.USAGE),
        (1, IMPORT, Kind.CONFIGURATION),
        (1, NESTED_IMPORT, Kind.CONFIGURATION),
        (1, '  File "/opt/a.py", line 3\n    def (:\n        ^\nSyntaxError: invalid syntax', Kind.CONFIGURATION),
        (1, "Error: KIE_API_KEY not found in environment", Kind.CREDENTIALS),
        (1, "❌ Please set ELEVENLABS_API_KEY in .env", Kind.CREDENTIALS),
        (1, "KeyError: 'GEMINI_API_KEY'", Kind.CREDENTIALS),
        (1, "ValueError: ELEVENLABS_VOICE_ID is not set", Kind.CONFIGURATION),
        (1, "Error: HTTP 429 Too Many Requests", Kind.BUSY),
        (75, "Error: HTTP 429 Too Many Requests", Kind.BUSY),
        (1, "❌ 401 Unauthorized: invalid API key", Kind.CREDENTIALS),
        (1, "Error: insufficient credits (402)", Kind.QUOTA),
        (1, "<urlopen error [Errno 111] Connection refused>", Kind.DOWN),
        (1, "Max retries exceeded (Caused by NameResolutionError: Failed to resolve 'api.kie.ai')", Kind.DOWN),
        (1, "Connection to api.kie.ai timed out. (connect timeout=10)", Kind.DOWN),
        (1, "[Errno -3] Temporary failure in name resolution", Kind.DOWN),
        (1, "SSLError: certificate verify failed: unable to get local issuer certificate", Kind.DOWN),
        (1, "404 NOT_FOUND. {'error': {'message': 'models/gemini-2.5 is not found for API version v1'}}",
         Kind.CONFIGURATION),
        (1, "Error: HTTP Error 404: Not Found", Kind.CONFIGURATION),
        (1, "400 Bad Request: text too long", Kind.INPUT),
        (1, "blocked by content policy", Kind.REFUSED),
    ],
)  # fmt: skip
def test_an_error_from_before_the_request_or_its_refusal_proves_that_nothing_was_bought(
    code: int, text: str, kind: Kind
) -> None:
    assert proven(code, text) == kind


@pytest.mark.fault("9.5")
@pytest.mark.parametrize("code", [1, 2, 3, 64, 65, 69, 70, 75, 76, 77, 78, 124, 137, 255, -9, -11])
@pytest.mark.parametrize(
    "text",
    [
        "", "All done!", "❌ Failed", "Error: the download failed", "Error: timed out after 600 s",
        "Task created: 4711\nError: Connection refused", REFUSED_AT_DOWNLOAD, LATE_IMPORT,
        "Polling ...\nHTTP 429 Too Many Requests", "task_id=abc\n401 Unauthorized",
        "HTTP 503 Service Unavailable", "502 Bad Gateway", "Read timed out.", "Connection reset by peer",
        "attempt 1: Read timed out\nattempt 2: Connection refused", "requests.exceptions.ConnectionError: aborted",
        "KeyError: 'videoUrl'", "json.decoder.JSONDecodeError: Expecting value",
        "Video generated\nNo space left on device",
        "FileNotFoundError: [Errno 2] No such file or directory: 'ffprobe'", "Saved to a.mp3\nusage: x",
        "MemoryError", "Killed", "Segmentation fault",
    ],
)  # fmt: skip
def test_whatever_may_come_from_after_the_request_proves_nothing_whatever_the_exit_code(code: int, text: str) -> None:
    assert proven(code, text) is None


@pytest.mark.fault("9.5")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("HTTP Error 404: Not Found", Kind.CONFIGURATION), ("400 Bad Request", Kind.INPUT),
        ("Error: HTTP 429 Too Many Requests", Kind.BUSY), ("HTTP Error 403: Forbidden", Kind.CREDENTIALS),
        ("402 Payment Required", Kind.QUOTA), ("blocked by content policy", Kind.REFUSED),
    ],
)  # fmt: skip
def test_a_status_proves_nothing_where_more_than_one_request_is_made(text: str, kind: Kind) -> None:
    """It may be the answer to a look at the order, or to the download, unless the words say otherwise."""
    assert proven(1, text, orders=True) is None
    assert proven(1, text) == proven(1, f"Failed to create the task: {text}", orders=True) == kind


@pytest.mark.fault("9.5")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("KIE_API_KEY not found", Kind.CREDENTIALS), ("401 Unauthorized", Kind.CREDENTIALS),
        ("insufficient credits", Kind.QUOTA), ("[Errno 111] Connection refused", Kind.DOWN),
    ],
)  # fmt: skip
def test_what_can_only_come_before_an_order_proves_it_there_too(text: str, kind: Kind) -> None:
    assert proven(1, text, orders=True) == kind


@pytest.mark.fault("9.5")
def test_what_was_said_long_before_counts_too() -> None:
    assert proven(1, "Connection refused") == Kind.DOWN
    assert proven(1, "Connection refused", further=True) is None


@pytest.mark.fault("9.5")
def test_only_argparses_own_words_make_exit_code_2_a_mistake_in_the_arguments() -> None:
    assert proven(2, "the video was not delivered") is None
    assert proven(1, "usage: a.py\na.py: error: no\n") is None

"""Whether a custom script that ended without a file proves that it bought nothing. Pure.

Such a script keeps no receipt, and its exit code means nothing: 69 or 75 may be its own number for a download that
failed after the purchase. What is left is what it said. An error proves that nothing was taken only where it can come
from nothing but the time before the request, or from the service's own refusal of it, and where no other word says
that the script had come any further: a connection that is refused at the download says the same as one that is refused
at the order. Whatever is not proven is unconfirmed.
"""

import re

from videod.core.failures import Kind

_USAGE = re.compile(r"^usage: .*^\S.*: error: ", re.DOTALL | re.MULTILINE)
_TRACEBACK = "Traceback (most recent call last):"
#: the lines of a traceback that say where, with the place's name
_FRAME = re.compile(r'^\s*File "([^"]*)", line \d+(?:, in (.+))?$', re.MULTILINE)
_IMPORT_FAILED = re.compile(
    r"^(?:ModuleNotFoundError|ImportError|SyntaxError|IndentationError|TabError)\b", re.MULTILINE
)
_IMPORTING = "<frozen importlib"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


#: the script had come further than its request, or says what only an answer can say
_FURTHER = _any(
    r"\b(?:task|job|order|prediction|generation|operation|record)s?[ _-]?(?:id|number|name)\b",
    r"\b(?:task|job|order|prediction|generation|operation|render|video|clip|image|audio|narration|effect|speech)s?\b"
    r".{0,20}\b(?:created|submitted|started|accepted|queued|ordered|generated|received|ready|done|finished|completed?)\b",
    r"\b(?:created|submitted|started|ordered|generated|received|finished|completed) .{0,20}"
    r"\b(?:task|job|order|generation|video|clip|image|audio|narration|effect|speech)\b",
    r"\bpoll(?:ing|ed)?\b", r"\bdownload", r"\bwait(?:ed|ing)\b", r"\belapsed\b", r"\bprocessing\b",
    r"\bprogress\b", r"\bstatus: ?(?:wait|queu|generat|process|pending|running|success)",
    r"\bstate\b.{0,5}\b(?:wait|succ)",
    r"\bcredits? (?:used|consumed|charged|left|remaining)", r"\bcharged\b", r"\bpaid\b", r"\bbought\b",
    r"\bsav(?:ed|ing)\b",
    r"\bnormali[sz]", r"\bconvert(?:ed|ing)\b", r"\bffmpeg\b", r"\bffprobe\b", r"\bretry(?:ing)? (?:the )?result",
)  # fmt: skip
#: an attempt to connect that came to nothing: no request left, whatever else the words look like
_CONNECT_TIMEOUT = _any(r"ConnectTimeout\w*", r"\(connect timeout=[^)]*\)", r"connection to \S+ timed out")
#: the answer, not the request, was lost: nobody knows
_ANSWER_LOST = _any(
    r"timed? ?-?out", r"\breset\b", r"\baborted\b", r"broken pipe", r"remote end closed", r"disconnected",
    r"IncompleteRead", r"\bEOF\b", r"\b(?:500|502|503|504|520|522|524|529)\b", r"internal server error", r"bad gateway",
    r"unavailable", r"JSONDecodeError", r"KeyError: '(?!\w*(?:KEY|TOKEN|VOICE))",
)  # fmt: skip

_NAME = r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:KEY|TOKEN)\b"
_LACKS = r"(?:not (?:set|found|configured|defined|provided)|missing|required|is empty|unset|undefined)"
#: what the script lacked before it could ask, or why nobody was reached: kind, and the words for it
_BEFORE: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (_any(rf"{_NAME}.{{0,40}}{_LACKS}", rf"(?:missing|set|no|need|provide)\b.{{0,30}}{_NAME}", rf"KeyError: '{_NAME}'",
          rf"api[ _-]?key.{{0,20}}{_LACKS}", r"(?:missing|no) .{0,20}api[ _-]?key"), Kind.CREDENTIALS),
    (_any(r"VOICE_?ID\b.{0,40}" + _LACKS, r"KeyError: '\w*VOICE\w*'", r"(?:missing|set|no) .{0,20}VOICE_?ID\b"),
     Kind.CONFIGURATION),
    (_any(r"insufficient (?:credits?|balance|funds)|credits? insufficient|out of credits"), Kind.QUOTA),
    (_any(r"\b401\b|unauthorized|api[ _-]?key.{0,20}(?:invalid|not valid)|invalid .{0,20}api[ _-]?key"
          r"|authentication failed"), Kind.CREDENTIALS),
)  # fmt: skip
#: what a service answers that takes nothing; where it takes orders, it may be the answer to a later request
_REFUSALS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (_any(r"\b404\b.{0,200}\bmodels?\b", r"\bmodels?\b.{0,200}\b404\b",
          r"\bmodels?\b.{0,120}(?:not found|not supported|does not exist|no longer|retired|deprecated|decommissioned)"),
     Kind.CONFIGURATION),
    (_any(r"\b402\b|quota[ _]?exceeded|per day"), Kind.QUOTA),
    (_any(r"\b429\b|rate.?limit|too many (?:concurrent )?requests|concurrent_limit|system_busy|resource.?exhausted"),
     Kind.BUSY),
    (_any(r"\b403\b|permission_denied"), Kind.CREDENTIALS),
    (_any(r"content policy|prohibited_content|moderation|sensitive content|violat\w+ .{0,30}(?:policy|guidelines)"
          r"|blocked .{0,30}(?:safety|policy)|safety .{0,30}block"), Kind.REFUSED),
)  # fmt: skip
#: nobody was reached
_UNREACHED: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (_any(r"connection refused|errno 111\b|ECONNREFUSED|name or service not known|name resolution|failed to resolve"
          r"|getaddrinfo|nodename nor servname|no address associated|\bENOTFOUND\b|network is unreachable"
          r"|no route to host"
          r"|certificate.?verify.?failed|ConnectTimeout|connect timeout|connection to \S+ timed out"
          r"|cannot connect to proxy|proxyerror"), Kind.DOWN),
)  # fmt: skip
#: the refusal is that of the order itself
_AT_ORDER = _any(r"createTask", r"(?:fail|error|could ?n.t|unable|cannot)\w*.{0,30}\b(?:creat|submit|order|start)\w*",
                 r"\b(?:creat|submit|order)(?:e|ing|ion)?\b.{0,30}(?:fail|error|refus|reject)")  # fmt: skip
#: an answer of the only request that a script makes
_REFUSED_REQUEST = re.compile(r"\b(400|404|405|413|415|422)\b")


def proven(code: int, text: str, orders: bool = False, further: bool = False) -> Kind | None:
    """The kind of a failure before anything was bought; None where that is not proven.

    `text` is what the script said on both streams, as far as it is kept. `orders`: the step's service takes an order
    and delivers later, so an HTTP status may be that of a later request. `further`: what it said before shows that it
    came further.
    """
    if code == 2 and _USAGE.search(text):
        return Kind.USAGE
    if _imports_failed(text):
        return Kind.CONFIGURATION
    said = _FRAME.sub(_name_of, text)
    lost = _CONNECT_TIMEOUT.sub("", said)
    if code < 0 or further or shows_more(said) or _ANSWER_LOST.search(lost):
        return None
    answered = not orders or _AT_ORDER.search(said) is not None
    for pattern, kind in (*_BEFORE, *(_REFUSALS if answered else ()), *_UNREACHED):
        if pattern.search(said):
            return kind
    status = _REFUSED_REQUEST.search(said) if answered else None
    if status is None:
        return None
    return Kind.CONFIGURATION if status[1] == "404" else Kind.INPUT


def shows_more(text: str) -> bool:
    """Whether words of a script show that it came further than its request."""
    return _FURTHER.search(text) is not None


def _name_of(frame: re.Match[str]) -> str:
    """Of a traceback's line the name of the function: "download" tells more than a folder called 429."""
    return (frame[2] or "").replace("_", " ")


def _imports_failed(text: str) -> bool:
    """Whether the script ended while it, or what it imports, was being loaded: nothing of it ran before."""
    error = _IMPORT_FAILED.search(text)
    if error is None:
        return False
    head = text[: error.start()]
    if head.count(_TRACEBACK) > 1:
        return False
    frames = _FRAME.findall(head)
    loading = all(name in ("", "<module>") or place.startswith(_IMPORTING) for place, name in frames)
    whole = _TRACEBACK in head or (error[0].startswith(("Syntax", "Indentation", "Tab")) and len(frames) <= 1)
    return (
        bool(frames)
        and whole
        and loading
        and not shows_more(head[: head.find(_TRACEBACK)] if _TRACEBACK in head else "")
    )

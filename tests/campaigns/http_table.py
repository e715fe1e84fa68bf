"""What must come of every broken answer at every endpoint: kinds of failure, "done" where it does no harm.

Read off the failure table of the services: throttled is busy; what the service said it did not do is down; a paid
request whose answer never came whole may have been done, so it is unconfirmed and never silently repeated; a free one
is asked again.
"""

#: an answer that a service (or a gateway before it) gives without having done anything
NOT_DONE = {
    "429_wait": "busy", "429_bare": "busy", "429_html": "busy", "408": "down", "503": "down", "529": "down",
    "to_file": "down", "to_inside": "down", "nobody": "down",
}  # fmt: skip
HARMLESS = {"mislabelled": "done"}
NO_WHOLE_ANSWER = (
    "500", "502", "504", "hang", "drip", "drip_head", "reset_unread", "reset_read", "cut_length", "cut_chunks",
)  # fmt: skip
NO_SENSE = ("cut_close", "wrong_type", "malformed", "deep", "empty", "page", "huge", "bomb")

#: a bare 503 comes from somebody who may have passed the order on
PAID = NOT_DONE | HARMLESS | dict.fromkeys(("503", *NO_WHOLE_ANSWER, *NO_SENSE), "in_doubt")
FREE = NOT_DONE | HARMLESS | dict.fromkeys(NO_WHOLE_ANSWER, "down") | dict.fromkeys(NO_SENSE, "nonsense")

#: a board, an alert, a token: whatever it was, it is tried again
TRIED_AGAIN = NOT_DONE | HARMLESS | dict.fromkeys((*NO_WHOLE_ANSWER, *NO_SENSE), "down")

#: media that came as an answer and are less than what was ordered: they were delivered and booked, another try is new
SOUND = PAID | {"cut_close": "nonsense"}

ANYTHING_BUT_A_PAGE = (
    "cut_length", "cut_close", "cut_chunks", "drip", "wrong_type", "malformed", "deep", "empty", "huge", "bomb",
)  # fmt: skip

TABLE: dict[str, dict[str, str]] = {
    "gemini image": PAID,
    "gemini text": PAID,
    "kie createTask": PAID,
    # a document of which the sound is a part: half of it holds none
    "elevenlabs speech": PAID,
    "elevenlabs effect": SOUND,
    # only when an empty balances is filled again: a courtesy, whatever it says
    "elevenlabs subscription": dict.fromkeys(FREE, "quota"),
    "kie upload": FREE,
    "kie recordInfo": FREE,
    "kie download-url": FREE,
    # half of a file, twice the same: what the service keeps is broken, and it was paid for
    "kie result": FREE | {"cut_close": "in_doubt", "to_file": "nonsense", "to_inside": "nonsense"},
    # everything that is no address means that the host did not take the picture
    "catbox upload": FREE | dict.fromkeys(("cut_close", "wrong_type", "malformed", "empty", "page"), "down"),
    # a bucket answers 200 without a body; only a gateway's page is none of its own
    "r2 put": FREE
    | dict.fromkeys(("cut_close", "wrong_type", "malformed", "deep", "empty"), "done") | {"page": "down"},
    # its answer is the session's address in a header
    "youtube insert": FREE | {"cut_close": "done"},
    "youtube session": FREE,
    "youtube channels": FREE,
    "youtube playlistItems": FREE,
    # the film is up by then: reading back is a courtesy
    "youtube videos": dict.fromkeys(FREE, "done"),
    "google token": FREE,
    "notion": TRIED_AGAIN | {"529": "busy"},
    # 200 is 200; a page is a gateway's
    "slack": TRIED_AGAIN | dict.fromkeys(ANYTHING_BUT_A_PAGE, "done"),
    "google token of the daemon": TRIED_AGAIN | dict.fromkeys(("429_wait", "429_bare", "429_html"), "down"),
}  # fmt: skip

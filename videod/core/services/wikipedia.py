"""Wikipedia: where the facts of a plan are read. Free, without a key; the plan is made without it where it is down."""

from videod.core.service import Service, Where

SERVICE = Service(
    name="wikipedia",
    title="Wikipedia",
    place=85,
    where=Where.OUTSIDE,
    # each language has a host below this name; an address of this machine has a folder for each
    addresses={"VIDEOD_URL_WIKIPEDIA": "https://wikipedia.org"},
)

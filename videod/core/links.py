"""Where people find an entry, an episode, a report. Pure."""

import re

#: how ids of entries begin that are on videod's own board; Notion's are hexadecimal
OWN = "entry-"


def of_entry(page_id: str) -> str:
    """The address of an entry's page in Notion; "" for an entry of videod's own board."""
    return "" if page_id.startswith(OWN) else f"https://www.notion.so/{page_id.replace('-', '')}"


def of_review(page: str, task_id: str) -> str:
    """The address of an episode's review on videod's page; "" where `page`, its address, is not set."""
    return f"{page.rstrip('/')}/episodes/{task_id}" if page else ""


def of_alert(page: str, key: str, task_id: str | None) -> str:
    """Where an alert leads on videod's page: its episode, the week's report, else the inbox.

    "" where `page` is not set, and for a digest, whose lines have addresses of their own.
    """
    if not page or key.startswith("reviews:"):
        return ""
    if task_id:
        return of_review(page, task_id)
    return f"{page.rstrip('/')}/{'report' if key.startswith('report:') else ''}"


def led(text: str, address: str, most: int) -> str:
    """The text of a message, cut to `most` characters, ending with the address instead of the entry's in Notion."""
    told = re.sub(r"\s*https://www\.notion\.so/\w+$", "", text) if address else text
    gap = "\n" if "\n" in told else " "
    end = f"{gap}{address}" if address else ""
    room = most - len(end)
    return (told if len(told) <= room else f"{told[: room - 1]}…") + end

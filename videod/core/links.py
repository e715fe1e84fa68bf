"""Where people find an entry. Pure."""

#: how ids of entries begin that are on videod's own board; Notion's are hexadecimal
OWN = "entry-"


def of_entry(page_id: str) -> str:
    """The address of an entry's page in Notion; "" for an entry of videod's own board."""
    return "" if page_id.startswith(OWN) else f"https://www.notion.so/{page_id.replace('-', '')}"


def of_review(page: str, task_id: str) -> str:
    """The address of an episode's review on videod's page; "" where `page`, its address, is not set."""
    return f"{page.rstrip('/')}/episodes/{task_id}" if page else ""

"""Every form in which Notion hands out a page: the same id, or a sentence."""

import pytest

from videod.adapters.notion_links import page_id_of
from videod.ports import BoardError

HEX = "1f2e3d4c5b6a79880123456789abcdef"
ID = "1f2e3d4c-5b6a-7988-0123-456789abcdef"
OTHER = "aaaaaaaabbbbccccddddeeeeeeeeeeee"


@pytest.mark.fault("3.2")
@pytest.mark.parametrize(
    "link",
    [
        HEX,
        ID,
        HEX.upper(),
        ID.upper(),
        f"  {HEX}\n",
        f"<https://www.notion.so/Studio-{HEX}>",
        f'"{HEX}"',
        f"https://www.notion.so/{HEX}",
        f"https://www.notion.so/{ID}",
        f"https://www.notion.so/Videod-{HEX}",
        f"https://www.notion.so/acme/Plans-2026-{HEX}",
        f"https://www.notion.so/acme/Facade-{HEX}",
        f"https://www.notion.so/acme/Deadbeef-cafe-{HEX}",
        f"https://www.notion.so/acme/12345678-1234-1234-1234-123456789abc-{HEX}",
        f"https://www.notion.so/acme/Plans-2026-{ID}",
        f"https://www.notion.so/Studio-{HEX}?pvs=4",
        f"https://www.notion.so/Studio-{HEX}/",
        f"https://www.notion.so/Studio-{HEX}#{OTHER}",
        f"https://www.notion.so/Studio-{HEX}?pvs=4#{OTHER}",
        f"https://www.notion.so/acme/{HEX}?v={OTHER}",
        f"https://www.notion.so/acme/{HEX}?v={OTHER}&pvs=4",
        f"https://www.notion.so/acme/{OTHER}?v={OTHER}&p={HEX}&pm=s",
        f"https://www.notion.so/acme/{OTHER}?p={ID}",
        f"https://www.notion.so/acme/{HEX}?p=",
        f"notion://www.notion.so/acme/Studio-{HEX}",
        f"notion://notion.so/{HEX}?pvs=4",
        f"https://acme.notion.site/Plans-2026-{HEX}",
        f"https://acme.notion.site/{HEX}",
        f"https://docs.example.com/Plans-2026-{HEX}",
        f"https://app.notion.com/p/acme/Studio-{HEX}",
        f"www.notion.so/acme/Studio-{HEX}",
        f"notion.so/Studio-{HEX}?pvs=4",
        f"HTTPS://WWW.NOTION.SO/ACME/STUDIO-{HEX.upper()}",
        f"https://www.notion.so/Caf%C3%A9-und-B%C3%A4ren-{HEX}",
        f"https://www.notion.so/熊-{HEX}",
        f"https://www.notion.so/acme/Studio-{HEX}?source=copy_link",
    ],
)
def test_every_link_of_a_page_leads_to_its_id(link: str) -> None:
    assert page_id_of(link) == ID


@pytest.mark.fault("3.2")
@pytest.mark.parametrize(
    "link",
    [
        "",
        "   ",
        "https://www.notion.so",
        "https://www.notion.so/acme/Studio",
        "https://www.notion.so/Videod-cafe",
        f"https://www.notion.so/acme/Studio#{HEX}",
        f"https://www.notion.so/acme/Studio?v={HEX}",
        f"https://www.notion.so/{HEX}/Settings",
        f"https://acme.notion.site/?v={HEX}",
        HEX[:-1],
        f"{HEX}0",
        f"{ID}0",
        "Plans 2026",
        f"collection://{ID}",
        f"file:///home/me/{HEX}",
        "https://[broken",
        f"https://www.notion.so/{HEX[:16]}-{HEX[16:31]}",
    ],
)
def test_what_holds_no_page_is_refused_with_what_to_paste(link: str) -> None:
    with pytest.raises(BoardError, match=r"Paste the link of the page \(Share, Copy link\)") as refused:
        page_id_of(link)
    assert refused.value.kind == "rejected"

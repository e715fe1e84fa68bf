"""Wikipedia as a source of facts: pages that a search finds, their plain text and the revision that it was read in.

Its rules: a User-Agent that says who asks, one request after another, `maxlag`, and a wait where it asks for one. Text
is CC BY-SA 4.0: facts may be used, sentences not, and the page and its revision are named. Nothing here stops a plan:
who asks gets the pages that could be read in time, and why there are no more.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from scripts.lib import answers, bounds, http, origins
from scripts.lib.answers import Json, dig
from scripts.lib.failures import AnswerLost, Failure, Kind
from scripts.lib.sanitize import sanitize_line

NAME = "Wikipedia"
ADDRESS = "VIDEOD_URL_WIKIPEDIA"
#: what is known of a topic on so many pages is enough for a film of minutes
PAGES_MAX = 3
SEARCHES_MAX, RESULTS_MAX = 5, 4
#: characters: Wikipedia searches for no longer query, and no more of a page goes into a prompt
QUERY_MAX, TEXT_MAX = 280, 12_000
#: a page with less text says nothing that a film could stand on
TEXT_MIN = 200
#: for all requests together, and for one
BUDGET_S, REQUEST_S = 60.0, 15.0
#: how long a wait that Wikipedia asks for is kept, and for how often it is asked again
WAIT_S, TRIES = 10.0, 3
ANSWER_CAP = 2 << 20
_LANGUAGE = re.compile(r"[a-z]{2,12}(?:-[a-z]{2,8})*")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
#: headings after which a page lists what is no text
_END = re.compile(
    r"^(?:References?|Notes?|Footnotes|See also|External links|Further reading|Bibliography|Sources|Gallery"
    r"|Einzelnachweise|Literatur|Weblinks|Siehe auch|Belege|脚注|参考文献|関連項目|外部リンク|出典"
    r"|Références|Notes et références|Liens externes|Voir aussi|Referencias|Véase también|Enlaces externos"
    r"|Note|Bibliografia|Altri progetti|Collegamenti esterni|Referências|Ligações externas|Ver também)$",
    re.MULTILINE | re.IGNORECASE,
)
_PARTS = re.compile(r"[,;:.!?()\n]|\b(?:and|und|et|y|e|con|with|versus|vs)\b|、|と|・", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """One article as it was read. `revision` and `at` name its version, `url` leads to exactly that."""

    title: str
    url: str
    revision: str
    at: str
    text: str


@dataclass(frozen=True)
class Found:
    """`trouble`: why there are no more pages, one line; "" where nothing went wrong."""

    pages: tuple[Page, ...]
    trouble: str


class Wikipedia:
    """The Wikipedia of one language; `contact` is what its operators may write to."""

    def __init__(self, language: str, contact: str) -> None:
        code = language.split("-", 1)[0].lower()
        self.language = code if _LANGUAGE.fullmatch(code) else "en"
        agent = f"videod/0.1 ({sanitize_line(contact) or 'plans documentaries for one person'}) httpx"
        base = origins.address(ADDRESS)
        host = urlsplit(base).hostname or ""
        near = origins.inside(host) is not None
        #: each language has a host of its own; an address of this machine has no names below it, so a folder
        self._base = base if near else base.replace(f"//{host}", f"//{self.language}.{host}", 1)
        self._path = f"/{self.language}/w/api.php" if near else "/w/api.php"
        self._service = http.Service("wikipedia", self._base, {"User-Agent": agent.encode("ascii", "replace").decode()})
        self._until = time.monotonic() + BUDGET_S

    def about(self, topic: str, title: str) -> Found:
        """Pages about a topic, the most telling first."""
        pages: dict[str, Page] = {}
        try:
            for at, query in enumerate(queries(topic, title)):
                if len(pages) >= PAGES_MAX or at >= SEARCHES_MAX:
                    break
                # what the whole topic finds is about it; of its parts only the first is likely to be
                for name in self._search(query)[: RESULTS_MAX if at == 0 else 1]:
                    if name not in pages and len(pages) < PAGES_MAX and (page := self.page(name)) is not None:
                        pages[name] = page
        except Failure as problem:
            return Found(_once(pages.values()), sanitize_line(str(problem))[:200])
        return Found(_once(pages.values()), "")

    def page(self, title: str) -> Page | None:
        """One article, redirects followed; None where there is none, or one that only lists others."""
        said = self._ask({
            "prop": "extracts|revisions|pageprops|info", "titles": title[:255], "redirects": "1", "explaintext": "1",
            "exsectionformat": "plain", "rvprop": "ids|timestamp", "ppprop": "disambiguation", "inprop": "url",
        })  # fmt: skip
        found = dig(said, "query", "pages", 0)
        revision = bounds.whole(dig(found, "revisions", 0, "revid"), 1, 10**15)
        text = cleaned(answers.text(dig(found, "extract")) or "")
        name = sanitize_line(answers.text(dig(found, "title")) or "")[:255]
        lists = isinstance(dig(found, "pageprops"), dict) and "disambiguation" in answers.record(
            dig(found, "pageprops")
        )
        if revision is None or not name or lists or len(text) < TEXT_MIN:
            return None
        stamp = answers.text(dig(found, "revisions", 0, "timestamp")) or ""
        # the address is made of what was asked for, not taken from the answer
        url = (
            f"https://{self.language}.wikipedia.org/w/index.php?title={quote(name.replace(' ', '_'))}&oldid={revision}"
        )
        return Page(name, url, str(revision), stamp if _STAMP.fullmatch(stamp) else "", text)

    def _search(self, query: str) -> list[str]:
        said = self._ask({
            "list": "search", "srsearch": query, "srlimit": str(RESULTS_MAX), "srnamespace": "0", "srprop": "",
        })  # fmt: skip
        listed = answers.items(dig(said, "query", "search"))
        return [name for one in listed if (name := answers.text(dig(one, "title")))][:RESULTS_MAX]

    def _ask(self, parameters: Mapping[str, str]) -> Json:
        """The answer to one question, asked again where Wikipedia asks for a short wait. Raises Failure, AnswerLost."""
        asked = {"action": "query", "format": "json", "formatversion": "2", "maxlag": "5", **parameters}
        for left in reversed(range(TRIES)):
            reply = self._service.send(
                "GET", self._path, params=asked, deadline_s=min(REQUEST_S, self._left()), cap=ANSWER_CAP
            )
            said = reply.json_or_none()
            code = answers.text(dig(said, "error", "code"))
            if reply.status == 200 and isinstance(said, dict) and code is None:
                return said
            busy = reply.status in (429, 503) or code in ("maxlag", "ratelimited")
            told = reply.retry_after_s()
            wait_s = 1.0 if told is None else told
            if not busy or not left or wait_s > min(WAIT_S, self._left()):
                why = f" ({sanitize_line(code)})" if code else ""
                raise reply.lost(f"{NAME} answers with HTTP {reply.status}{why}")
            time.sleep(wait_s)
        raise AssertionError("the last try answers or raises")

    def _left(self) -> float:
        """Seconds of the budget; raises Failure once they are spent."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise AnswerLost(Kind.DOWN, f"{NAME} takes longer than {BUDGET_S:g} s", service="wikipedia")
        return left


def queries(topic: str, title: str) -> Iterator[str]:
    """What to search for: the topic, its parts, the title. A search finds pages that have all of its words."""
    seen: set[str] = set()
    for text in (topic, *_PARTS.split(topic), title):
        query = " ".join(sanitize_line(text).split()[:12])[:QUERY_MAX].strip()
        # the signs of the search's own language would change what is asked for
        query = re.sub(r'["~*!:\\/\[\]{}|<>]', " ", query).strip(" -")
        if len(query) > 1 and query.casefold() not in seen:
            seen.add(query.casefold())
            yield query


def cleaned(text: str) -> str:
    """The text of an article without control signs, its lists of references and what is too long for a prompt."""
    lines = [line for line in map(sanitize_line, text[: 20 * TEXT_MAX].splitlines()) if line]
    whole = "\n".join(lines)
    if end := _END.search(whole):
        whole = whole[: end.start()]
    if len(whole) <= TEXT_MAX:
        return whole.strip()
    return whole[:TEXT_MAX].rsplit("\n", 1)[0].strip()


def named(url: str) -> tuple[str, str] | None:
    """Language and title of the article that a web address leads to; None for another address."""
    parts = urlsplit(url)
    found = re.fullmatch(r"([a-z-]{2,12})(?:\.m)?\.wikipedia\.org", (parts.hostname or "").lower())
    if found is None or not parts.path.startswith("/wiki/"):
        return None
    title = unquote(parts.path.removeprefix("/wiki/")).replace("_", " ").strip()
    return (found[1], title) if title else None


def _once(pages: Iterable[Page]) -> tuple[Page, ...]:
    """Two names may lead to one article."""
    return tuple({page.title: page for page in pages}.values())

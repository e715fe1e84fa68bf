"""The simulated Notion calls a webhook as the real one does: handshake, signed events, repeats."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.harness.patience import eventually
from tests.sandbox.notion_fixtures import Running, rich, running
from videod.core.deliveries import signed
from videod.sandbox import notion
from videod.sandbox.kernel import Fault


class Called:
    """An address that is called. `answers`: the statuses of the next answers, then 200."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int] = []
        self.calls: list[tuple[dict[str, Any], bytes, str | None]] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.calls.append((json.loads(body), body, request.headers.get("X-Notion-Signature")))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    def events(self, kind: str = "page.") -> list[dict[str, Any]]:
        return [message for message, _, _ in self.calls if str(message.get("type", "")).startswith(kind)]


@asynccontextmanager
async def called() -> AsyncIterator[Called]:
    made = Called()
    app = web.Application()
    app.add_routes([web.post("/webhook/notion", made.take)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhook/notion"
    try:
        yield made
    finally:
        await runner.cleanup()


def switch(world: Running, what: str = "webhook", **given: object) -> dict[str, Any]:
    answer = world.context.switches["notion"](what, given)
    assert isinstance(answer, dict)
    return answer


async def verified(world: Running, at: Called) -> str:
    switch(world, url=at.url, together_s=0.01, pace=0.0001)
    await eventually(lambda: at.calls)
    token = str(at.calls[0][0]["verification_token"])
    switch(world, "webhook/verify", token=token)
    return token


async def test_an_address_gets_a_token_and_nothing_else_until_a_person_has_pasted_it(tmp_path: Path) -> None:
    async with running(tmp_path) as world, called() as at:
        source = await world.database()
        assert not switch(world, url=at.url, together_s=0)["verified"]
        await eventually(lambda: at.calls)
        await world.add(source, {"Title": {"title": rich("Too early")}})
        with pytest.raises(ValueError, match="does not match"):
            switch(world, "webhook/verify", token="secret_of_another")
        (message, _, signature), *more = at.calls
        assert list(message) == ["verification_token"] and message["verification_token"].startswith("secret_")
        assert signature is None and not more
        assert switch(world, "webhook/verify", token=message["verification_token"])["verified"]
        page = await world.add(source, {"Title": {"title": rich("In time")}})
        await eventually(at.events)
        assert [one["entity"]["id"] for one in at.events()] == [page["id"]]


async def test_each_change_of_a_page_is_sent_signed_with_who_and_which_columns(tmp_path: Path) -> None:
    async with running(tmp_path) as world, called() as at:
        token = await verified(world, at)
        source = await world.database()
        page = await world.add(source, {"Title": {"title": rich("A bear")}})
        await eventually(lambda: at.events("page.created"))
        person = world.speaking(token=notion.PERSON_TOKEN)
        await person.pages.update(page["id"], properties={"Status": {"select": {"name": "Queued"}}})
        await eventually(lambda: at.events("page.properties_updated"))
        await person.pages.update(page["id"], in_trash=True)
        await eventually(lambda: at.events("page.deleted"))
        await person.pages.update(page["id"], in_trash=False)
        await eventually(lambda: at.events("page.undeleted"))
        await person.aclose()
        assert all(signed(body, signature or "", token) for _, body, signature in at.calls[1:])
        created, changed = at.events("page.created")[0], at.events("page.properties_updated")[0]
        assert created["authors"] == [{"id": notion.BOT_ID, "type": "bot"}]
        assert changed["authors"] == [{"id": notion.PERSON_ID, "type": "person"}]
        assert changed["data"]["updated_properties"] == [page["properties"]["Status"]["id"]]
        assert changed["data"]["parent"]["data_source_id"] == source and changed["attempt_number"] == 1
        assert "Queued" not in json.dumps(changed), "what changed is never told"
        assert len({message["id"] for message, _, _ in at.calls[1:]}) == 4


async def test_what_is_not_answered_well_is_repeated_seven_times_and_then_given_up(tmp_path: Path) -> None:
    async with running(tmp_path) as world, called() as at:
        await verified(world, at)
        source = await world.database()
        at.answers = [500, 404, 503]
        await world.add(source, {"Title": {"title": rich("Heard at last")}})
        await eventually(lambda: switch(world)["pending"] == 0 and len(at.events()) == 4)
        assert [one["attempt_number"] for one in at.events()] == [1, 2, 3, 4]
        assert len({one["id"] for one in at.events()}) == 1
        at.answers = [302] * 8
        await world.add(source, {"Title": {"title": rich("Never heard")}})
        await eventually(lambda: switch(world)["unanswered"] == 1)
        assert len(at.events()) == 12 and notion.webhooks.REPEATS_S and sum(notion.webhooks.REPEATS_S) == 86_400


async def test_events_are_lost_and_sent_twice_where_that_is_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path) as world, called() as at:
        await verified(world, at)
        source = await world.database()
        world.context.faults.add(Fault("notion", "event_lost", "EVENT page.created", times=1))
        world.context.faults.add(Fault("notion", "event_twice", "EVENT page.created", times=1))
        await world.add(source, {"Title": {"title": rich("Lost")}})
        await eventually(lambda: switch(world)["lost"] == 1)
        page = await world.add(source, {"Title": {"title": rich("Twice")}})
        await eventually(lambda: len(at.events()) == 2)
        assert {one["entity"]["id"] for one in at.events()} == {page["id"]}


async def test_a_subscription_outlives_the_process_and_ends_when_it_is_deleted(tmp_path: Path) -> None:
    async with called() as at:
        async with running(tmp_path) as world:
            source = await world.database()
            switch(world, url=at.url, token="secret_known_before")
        async with running(tmp_path) as world:
            assert switch(world, together_s=0)["verified"]
            await world.add(source, {"Title": {"title": rich("Told")}})
            await eventually(at.events)
            assert signed(at.calls[0][1], at.calls[0][2] or "", "secret_known_before")
            assert "token" not in switch(world, url="")
            await world.add(source, {"Title": {"title": rich("Not told")}})
            assert switch(world)["pending"] == 0 and len(at.calls) == 1


@pytest.mark.parametrize("given", [{"url": 7}, {"url": "ftp://x"}, {"pace": -1}, {"pace": True}, {"together_s": "x"}])
async def test_what_makes_no_sense_is_refused(given: dict[str, object], tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        with pytest.raises(ValueError, match="must be"):
            switch(world, **given)

"""Where several services offer a step, each of them brings an episode to its end in the place of the usual one."""

from pathlib import Path

import pytest

from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core import offers
from videod.core.service import Offer
from videod.core.services import SERVICES
from videod.core.statuses import Status


@pytest.mark.parametrize(("service", "offer"), offers.others(), ids=str)
def test_an_episode_is_published_whoever_is_chosen(service: str, offer: Offer, tmp_path: Path) -> None:
    price = SERVICES[service].price_micros(offer.model, offer.piece)
    usual = policy()
    prices = usual.prices_micros | {offers.key(offer.step, service): price or 0}

    async def live() -> None:
        policies = {"wild": policy(services={offer.step: service}, prices_micros=prices)}
        async with World(tmp_path, policies=policies) as world:
            await world.queue("Bear")
            await world.rest()
            (task,) = await world.tasks()
            assert task.status == Status.PUBLISHED
            jobs = [job for job in await world.jobs(task.id) if job.step == offer.step]
            assert {job.service for job in jobs} == {service} and {job.price_micros for job in jobs} == {price}
            assert world.vendors.calls[service] == len(jobs)

    run_virtual(live())

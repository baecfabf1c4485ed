"""History of consumer lag: sampled while somebody looks, and bounded."""

import asyncio
from collections.abc import Mapping

from samrun.administration.lag_history import LagHistory, LagSample
from samrun.services.kafka import KafkaUnreachableError


async def until(history: LagHistory, count: int) -> list[LagSample]:
    """Look until the history has so many samples."""
    while len(samples := history.look()) < count:  # noqa: ASYNC110 - the history has no event for it
        await asyncio.sleep(0.001)
    return samples


def test_lag_is_sampled_from_the_first_look_on() -> None:
    asked: list[int] = []

    def ask() -> Mapping[str, Mapping[str, int]]:
        asked.append(len(asked))
        return {"orders": {"notify": len(asked)}}

    async def scenario() -> None:
        history = LagHistory(ask, pause=0.001)
        await asyncio.sleep(0.01)
        assert asked == []
        samples = await until(history, 3)
        assert [each.lags["orders"]["notify"] for each in samples[:3]] == [1, 2, 3]
        assert samples[0].at < samples[1].at < samples[2].at

    asyncio.run(scenario())


def test_history_keeps_its_newest_samples_alone() -> None:
    asked: list[int] = []

    def ask() -> Mapping[str, Mapping[str, int]]:
        asked.append(len(asked))
        return {"orders": {"notify": len(asked)}}

    async def scenario() -> None:
        history = LagHistory(ask, pause=0)
        while len(asked) < 350:
            history.look()
            await asyncio.sleep(0.01)
        samples = history.look()
        assert len(samples) == 300
        assert samples[0].lags["orders"]["notify"] >= 50

    asyncio.run(scenario())


def test_history_goes_on_after_the_broker_was_gone() -> None:
    failures = [KafkaUnreachableError("gone")] * 2

    def ask() -> Mapping[str, Mapping[str, int]]:
        if failures:
            raise failures.pop()
        return {}

    async def scenario() -> None:
        await until(LagHistory(ask, pause=0), 1)
        assert failures == []

    asyncio.run(scenario())

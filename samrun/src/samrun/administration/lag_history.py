"""History of consumer lag: samples of the last minutes, taken for as long as somebody looks at them."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaException

from samrun.errors import UserError

# Seconds.
_PAUSE = 1.0
_LOOKED_AT_FOR = 600.0

_MAX_SAMPLES = 300

Lags = Mapping[str, Mapping[str, int]]
"""Lag by topic and group."""


@dataclass(frozen=True, kw_only=True)
class LagSample:
    """The lag of every group at a time, in seconds of a clock that only goes forwards."""

    at: float
    lags: Lags


class LagHistory:
    """History of the lag that `ask` returns, which may take a while, and raise KafkaException or UserError.

    The first look at it starts the sampling. It ends when nobody has looked for ten minutes. Only the thread of the
    event loop uses it.
    """

    def __init__(self, ask: Callable[[], Lags], *, pause: float = _PAUSE) -> None:
        self._ask = ask
        self._pause = pause
        self._samples: deque[LagSample] = deque(maxlen=_MAX_SAMPLES)
        self._looked = time.monotonic()
        self._sampling: asyncio.Task[None] | None = None

    def look(self) -> list[LagSample]:
        """Return the samples, the oldest first."""
        self._looked = time.monotonic()
        if self._sampling is None or self._sampling.done():
            self._sampling = asyncio.create_task(self._sample())
        return list(self._samples)

    async def _sample(self) -> None:
        while time.monotonic() - self._looked < _LOOKED_AT_FOR:
            # While no broker answers, the history has a gap.
            with contextlib.suppress(KafkaException, UserError):
                lags = await asyncio.to_thread(self._ask)
                self._samples.append(LagSample(at=time.monotonic(), lags=lags))
            await asyncio.sleep(self._pause)

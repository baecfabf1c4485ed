"""Watch of processes: each end is reported once, also one that was before the watch began."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tools.chaos.process_watch import ProcessWatch

pytestmark = pytest.mark.processes


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as started:
        yield started
        started.kill()


def test_each_end_is_reported_once(process: subprocess.Popen[bytes]) -> None:
    async def body() -> None:
        ended: asyncio.Queue[int] = asyncio.Queue()
        watch = ProcessWatch(ended.put_nowait)
        watch.watch(process.pid)
        watch.watch(process.pid)
        assert ended.empty()
        process.kill()
        assert await ended.get() == process.pid
        assert ended.empty()
        watch.close()

    asyncio.run(body())


def test_end_before_the_watch_is_reported_at_once(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    ended: list[int] = []
    ProcessWatch(ended.append).watch(process.pid)
    assert ended == [process.pid]


def test_closed_watch_reports_nothing(process: subprocess.Popen[bytes]) -> None:
    async def body() -> None:
        ended: list[int] = []
        watch = ProcessWatch(ended.append)
        watch.watch(process.pid)
        watch.close()
        process.kill()
        process.wait()
        await asyncio.sleep(0)
        assert ended == []

    asyncio.run(body())

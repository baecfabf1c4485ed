"""Processes of the stack: their last words, and that nothing of them is left."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from local.process import Process, ProcessDiedError

# Says when it is ready, and will not end by itself nor by SIGTERM.
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


async def start(tmp_path: Path, code: str) -> Process:
    return await Process.start("The child", [sys.executable, "-c", code], log=tmp_path / "logs" / "child.log")


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 -- another process's doing, which sets no event
            await asyncio.sleep(0.02)


def said(tmp_path: Path) -> str:
    return (tmp_path / "logs" / "child.log").read_text()


async def death_of(tmp_path: Path, code: str) -> ProcessDiedError:
    process = await start(tmp_path, code)
    error = await process.died()
    await process.stop()
    return error


def test_last_words_are_told_with_the_exit_status(tmp_path: Path) -> None:
    code = "import sys; print(*range(40), sep='\\n'); print('port taken', file=sys.stderr); sys.exit(3)"
    message = str(asyncio.run(death_of(tmp_path, code)))
    first, *last = message.splitlines()
    log = tmp_path / "logs" / "child.log"
    assert first == f"The child ended by itself (exit status 3). Its last words, of {log}:"
    assert len(last) == 15
    assert "    port taken" in last


def test_a_death_by_a_signal_is_told_by_its_name(tmp_path: Path) -> None:
    message = str(asyncio.run(death_of(tmp_path, "import os; os.kill(os.getpid(), 9)")))
    assert message == (
        f"The child ended by itself (signal SIGKILL). It printed nothing ({tmp_path / 'logs' / 'child.log'} is empty)."
    )


def test_last_words_that_are_no_text_are_told_all_the_same(tmp_path: Path) -> None:
    assert "�" in str(asyncio.run(death_of(tmp_path, "import os; os.write(1, b'\\xff\\n')")))


def test_the_log_begins_anew(tmp_path: Path) -> None:
    asyncio.run(death_of(tmp_path, "print('first')"))
    asyncio.run(death_of(tmp_path, "print('second')"))
    assert said(tmp_path) == "second\n"


def test_stopping_asks_first(tmp_path: Path) -> None:
    async def scenario() -> None:
        code = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('in order')))"
        process = await start(tmp_path, f"{code}; print('ready', flush=True); time.sleep(60)")
        await until(lambda: "ready" in said(tmp_path))
        await process.stop()
        assert not psutil.pid_exists(process.pid)

    asyncio.run(scenario())
    assert said(tmp_path) == "ready\nin order\n"


def test_stopping_kills_what_ignores_the_asking(tmp_path: Path) -> None:
    async def scenario() -> None:
        process = await start(tmp_path, STUBBORN)
        await until(lambda: "ready" in said(tmp_path))
        began = time.monotonic()
        await process.stop(patience=0.2)
        assert time.monotonic() - began < 10
        assert not psutil.pid_exists(process.pid)

    asyncio.run(scenario())


@pytest.mark.parametrize("ending", ["time.sleep(60)", "sys.exit(1)"])
def test_stopping_ends_what_the_process_started_too(tmp_path: Path, ending: str) -> None:
    async def scenario() -> None:
        child = f"child = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}], stdout=subprocess.PIPE)"
        code = f"import subprocess, sys, time; {child}; child.stdout.readline(); print(child.pid, flush=True); {ending}"
        process = await start(tmp_path, code)
        await until(lambda: said(tmp_path).endswith("\n"))
        grandchild = psutil.Process(int(said(tmp_path)))
        assert grandchild.is_running()
        if "exit" in ending:
            await process.died()
        await process.stop()
        await until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)

    asyncio.run(scenario())


def test_stopping_twice_is_no_error(tmp_path: Path) -> None:
    async def scenario() -> None:
        process = await start(tmp_path, "import time; time.sleep(60)")
        await process.stop()
        await process.stop()

    asyncio.run(scenario())


def test_a_process_is_out_of_reach_of_the_keyboard(tmp_path: Path) -> None:
    async def scenario() -> None:
        process = await start(tmp_path, "import time; time.sleep(60)")
        assert os.getsid(process.pid) == process.pid != os.getsid(0)
        await process.stop()

    asyncio.run(scenario())

"""Processes of the stack: what is reported of their end, and that they leave no process behind."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from samrun.supervision.process import Process, ProcessDiedError

# Prints a line when it is ready. It ends neither by itself nor by SIGTERM.
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


async def start(tmp_path: Path, code: str) -> Process:
    return await Process.start("The child", [sys.executable, "-c", code], log=tmp_path / "logs" / "child.log")


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 -- another process does it, and sets no event
            await asyncio.sleep(0.02)


def said(tmp_path: Path) -> str:
    return (tmp_path / "logs" / "child.log").read_text()


async def death_of(tmp_path: Path, code: str) -> ProcessDiedError:
    process = await start(tmp_path, code)
    error = await process.died()
    await process.stop()
    return error


def test_error_has_the_exit_status_and_the_last_lines_of_the_log(tmp_path: Path) -> None:
    code = "import sys; print(*range(40), sep='\\n'); print('port taken', file=sys.stderr); sys.exit(3)"
    message = str(asyncio.run(death_of(tmp_path, code)))
    first, *last = message.splitlines()
    log = tmp_path / "logs" / "child.log"
    assert first == f"The child exited unexpectedly (exit status 3). The last lines of {log}:"
    assert len(last) == 15
    assert "    port taken" in last


def test_error_names_the_signal_that_ended_the_process(tmp_path: Path) -> None:
    message = str(asyncio.run(death_of(tmp_path, "import os; os.kill(os.getpid(), 9)")))
    assert message == (
        "The child exited unexpectedly (signal SIGKILL). "
        f"It printed nothing ({tmp_path / 'logs' / 'child.log'} is empty)."
    )


def test_error_has_last_lines_that_are_not_text(tmp_path: Path) -> None:
    assert "�" in str(asyncio.run(death_of(tmp_path, "import os; os.write(1, b'\\xff\\n')")))


def test_error_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of the process, which would say it, takes no line then."""
    full = shutil.disk_usage(tmp_path)._replace(free=4096)
    monkeypatch.setattr("shutil.disk_usage", lambda _: full)
    message = str(asyncio.run(death_of(tmp_path, "raise SystemExit(1)")))
    advice = f"The disk with {tmp_path / 'logs'} is full: make room there, or choose another folder with --data."
    assert message.endswith(f"\n{advice}")


def test_log_is_replaced_at_each_start(tmp_path: Path) -> None:
    asyncio.run(death_of(tmp_path, "print('first')"))
    asyncio.run(death_of(tmp_path, "print('second')"))
    assert said(tmp_path) == "second\n"


def test_stop_sends_sigterm_first(tmp_path: Path) -> None:
    async def scenario() -> None:
        code = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('in order')))"
        process = await start(tmp_path, f"{code}; print('ready', flush=True); time.sleep(60)")
        await until(lambda: "ready" in said(tmp_path))
        await process.stop()
        assert not psutil.pid_exists(process.pid)

    asyncio.run(scenario())
    assert said(tmp_path) == "ready\nin order\n"


def test_stop_kills_a_process_that_ignores_sigterm(tmp_path: Path) -> None:
    async def scenario() -> None:
        process = await start(tmp_path, STUBBORN)
        await until(lambda: "ready" in said(tmp_path))
        began = time.monotonic()
        await process.stop(patience=0.2)
        assert time.monotonic() - began < 10
        assert not psutil.pid_exists(process.pid)

    asyncio.run(scenario())


@pytest.mark.parametrize("ending", ["time.sleep(60)", "sys.exit(1)"])
def test_stop_ends_the_processes_that_the_process_started(tmp_path: Path, ending: str) -> None:
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


def test_stop_may_be_called_twice(tmp_path: Path) -> None:
    async def scenario() -> None:
        process = await start(tmp_path, "import time; time.sleep(60)")
        await process.stop()
        await process.stop()
        assert await process.wait() == -signal.SIGTERM
        assert not psutil.pid_exists(process.pid)

    asyncio.run(scenario())


def test_process_does_not_get_the_signals_of_the_keyboard(tmp_path: Path) -> None:
    async def scenario() -> None:
        process = await start(tmp_path, "import time; time.sleep(60)")
        assert os.getsid(process.pid) == process.pid != os.getsid(0)
        await process.stop()

    asyncio.run(scenario())

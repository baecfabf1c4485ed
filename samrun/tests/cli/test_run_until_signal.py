"""The end of a command: by itself, by a signal or by an error."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from samrun.cli.run_until_signal import run_until_signal
from samrun.errors import UserError


async def _nothing() -> None:
    pass


async def _fail(*errors: Exception) -> None:
    if len(errors) == 1:
        raise errors[0]
    raise ExceptionGroup("several", errors)


def test_work_that_ends_is_a_success() -> None:
    assert run_until_signal(_nothing()) == 0


def test_user_errors_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_until_signal(_fail(UserError("Alone."))) == 1
    assert run_until_signal(_fail(UserError("One."), UserError("Two."))) == 1
    assert capsys.readouterr().err == "\nAlone.\n\nOne.\n\nTwo.\n"


def test_an_error_with_lines_of_a_log_has_no_escape_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_until_signal(_fail(UserError("Its log:\n    \x1b[2Jgone\x07"))) == 1
    assert capsys.readouterr().err == "\nIts log:\n    gone\n"


def test_other_errors_are_raised() -> None:
    with pytest.raises(KeyError):
        run_until_signal(_fail(KeyError("bug")))
    with pytest.raises(ExceptionGroup):
        run_until_signal(_fail(UserError("One."), KeyError("bug")))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_cancels_the_work_and_the_next_ones_do_not_disturb_its_end(number: int) -> None:
    said, ended = list[str](), list[bool]()

    async def work() -> None:
        os.kill(os.getpid(), number)
        try:
            await asyncio.sleep(60)
        finally:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.05)
            ended.append(True)

    assert run_until_signal(work(), say=said.append, interrupted=130) == 130
    assert (said, ended) == (["\nStopping the stack …"], [True])


HANGING = """
import asyncio, sys
from samrun.cli.run_until_signal import run_until_signal

async def work():
    print("started", flush=True)
    try:
        await asyncio.sleep(600)
    finally:
        await asyncio.sleep(600)

sys.exit(run_until_signal(work()))
"""


def test_a_second_signal_ends_a_stack_that_does_not_stop() -> None:
    with subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() + process.stdout.readline() == "\nStopping the stack …\n"
        time.sleep(1.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stdout.read() == "\nEnded at once.\n"

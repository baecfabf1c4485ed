"""How a command of the terminal ends."""

import asyncio
import os
import signal

import pytest

from local.errors import PlainError
from local.running import run


async def _nothing() -> None:
    pass


async def _fail(*errors: Exception) -> None:
    if len(errors) == 1:
        raise errors[0]
    raise ExceptionGroup("several", errors)


def test_work_that_is_done_is_a_success() -> None:
    assert run(_nothing()) == 0


def test_errors_are_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(_fail(PlainError("Alone."))) == 1
    assert run(_fail(PlainError("One."), PlainError("Two."))) == 1
    assert capsys.readouterr().err == "\nAlone.\n\nOne.\n\nTwo.\n"


def test_an_error_of_our_own_is_raised() -> None:
    with pytest.raises(KeyError):
        run(_fail(KeyError("bug")))
    with pytest.raises(ExceptionGroup):
        run(_fail(PlainError("One."), KeyError("bug")))


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

    assert run(work(), say=said.append, interrupted=130) == 130
    assert (said, ended) == (["\nEnding everything …"], [True])

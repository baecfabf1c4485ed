"""What breaks between an order and its mail, and that nothing is lost or doubled by it."""

import statistics
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.system.running import RunningStack, eventually

Start = Callable[..., RunningStack]


def test_a_notify_that_raises_loses_and_doubles_no_mail(start: Start, project: Path) -> None:
    stack = start()
    with _broken(project, "raise RuntimeError('broken on purpose')"):
        eventually(lambda: stack.logged("code changed"), what="notify to be started anew")
        references = _place(stack, "raises", 10)
        eventually(lambda: stack.logged("broken on purpose"), what="notify to fail")
        assert stack.mails() == []
    stack.wait_for_mails_to(references)


def test_an_order_is_answered_as_fast_when_notify_fails(start: Start, project: Path) -> None:
    stack = start()
    _place(stack, "warm", 5)
    healthy = _median_answer(stack, "healthy")
    with _broken(project, "raise RuntimeError('broken on purpose')"):
        eventually(lambda: stack.logged("code changed"), what="notify to be started anew")
        failing = _median_answer(stack, "failing")
        assert stack.logged("broken on purpose")
    # Both ran on the same machine, moments apart: the factor is for its other business.
    assert failing < 4 * healthy


def test_a_notify_that_dies_catches_up_when_it_lives_again(start: Start, project: Path) -> None:
    stack = start()
    with _broken(project, "import os; os._exit(1)"):
        eventually(lambda: stack.logged("code changed"), what="notify to be started anew")
        references = _place(stack, "dies", 10)
        eventually(lambda: stack.logged("Runtime.ExitError"), what="notify to die")
    stack.wait_for_mails_to(references)


def test_a_notify_that_is_dead_from_the_start_catches_up(start: Start, project: Path) -> None:
    with _broken(project, "", at_import="raise RuntimeError('broken at import')"):
        stack = start()
        references = _place(stack, "init", 5)
        eventually(lambda: stack.logged("broken at import"), what="notify's init to fail")
    stack.wait_for_mails_to(references)


def test_orders_are_answered_while_notify_is_slow(start: Start, project: Path) -> None:
    stack = start()
    with _broken(project, "import time; print('asleep'); time.sleep(60)"):
        eventually(lambda: stack.logged("code changed"), what="notify to be started anew")
        references = _place(stack, "slow", 5)
        eventually(lambda: stack.logged("asleep"), what="notify to fall asleep")
    # The invocation that sleeps is ended by the function's own timeout, and its batch comes again.
    stack.wait_for_mails_to(references)
    assert stack.logged("Task timed out after 15.00 seconds")


def test_a_restart_of_everything_loses_nothing(start: Start, project: Path) -> None:
    stack = start()
    with _broken(project, "raise RuntimeError('broken on purpose')"):
        eventually(lambda: stack.logged("code changed"), what="notify to be started anew")
        references = _place(stack, "restart", 5)
        order_id = stack.place("restart-0").json()["order_id"]
        assert stack.stop() == 0
    again = start()
    stored = again.get(f"/orders/{order_id}").raise_for_status().json()
    assert stored["customer"]["email"] == "restart-0@example.com"
    again.wait_for_mails_to(references)
    assert again.stop() == 0
    # The mails stay, and the records that are done do not come a third time.
    once_more = start()
    once_more.wait_for_mails_to([*references, *_place(once_more, "after", 1)])


def test_a_stack_that_was_killed_loses_nothing(start: Start) -> None:
    stack = start()
    references = _place(stack, "killed", 5)
    stack.kill()
    again = start()
    again.wait_for_mails_to([*references, *_place(again, "after", 1)], sends_cut_off=1)


def _median_answer(stack: RunningStack, name: str) -> float:
    """Return the median of the seconds that 20 orders took to their answers."""
    return statistics.median(answer.elapsed.total_seconds() for answer in _placed(stack, name, 20))


def _place(stack: RunningStack, name: str, count: int) -> list[str]:
    _placed(stack, name, count)
    return [f"{name}-{number}" for number in range(count)]


def _placed(stack: RunningStack, name: str, count: int) -> list[httpx.Response]:
    answers = [stack.place(f"{name}-{number}") for number in range(count)]
    assert [answer.status_code for answer in answers] == [httpx.codes.CREATED] * count
    return answers


class _broken:  # noqa: N801 -- a context manager, read as a phrase
    """Puts a statement into notify's handler, or at the top of its module, and takes it out again."""

    def __init__(self, project: Path, statement: str, *, at_import: str = "") -> None:
        self._file = project / "functions" / "notify" / "app.py"
        self._statement = statement
        self._at_import = at_import

    def __enter__(self) -> None:
        self._mended = self._file.read_text()
        self._file.write_text(
            f"{self._mended}\n{self._at_import}\n"
            "_mended_handler = handler\n\n\n"
            "def handler(event, context):\n"
            f"    {self._statement or 'pass'}\n"
            "    return _mended_handler(event, context)\n"
        )

    def __exit__(self, *_: object) -> None:
        self._file.write_text(self._mended)

"""Failures between an order and its mail: no mail is lost or doubled by them."""

import contextlib
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from samrun.testing.waiting import eventually
from tests.project import copy_to
from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("notify-failures")

Start = Callable[..., OrderStack]


@dataclass(frozen=True)
class BrokenNotifyShop:
    """A stack whose notify function a test breaks and mends; `references` are those of all orders."""

    stack: OrderStack
    project: Path
    references: list[str] = field(default_factory=list)

    def place(self, name: str, count: int) -> list[httpx.Response]:
        """Place orders, the references of which are <name>-<number>."""
        self.references.extend(references_of(name, count))
        return place(self.stack, name, count)

    def median_answer(self, name: str) -> float:
        """Return the median of the seconds that 20 orders took to their answers."""
        return statistics.median(answer.elapsed.total_seconds() for answer in self.place(name, 20))

    @contextlib.contextmanager
    def broken(self, statement: str) -> Iterator[None]:
        """Put a statement into notify's handler, wait until the stack runs it, and take it out at the end."""
        changes = len(self.stack.logged("code changed"))
        with broken(self.project, statement):
            eventually(lambda: len(self.stack.logged("code changed")) > changes, what="notify to be started again")
            yield
            changes = len(self.stack.logged("code changed"))
        # A test that begins before the fixed code runs would be counted as the end of the one before.
        eventually(lambda: len(self.stack.logged("code changed")) > changes, what="notify to be started again")

    def recipients(self, references: Sequence[str]) -> list[str]:
        """Return the recipients of the mails about these orders; one who got two is in it twice."""
        addresses = {f"{reference}@example.com" for reference in references}
        return [recipient for recipient in self.stack.recipients() if recipient in addresses]

    def assert_each_has_one_mail(self, references: Sequence[str]) -> None:
        """Wait until the stack is idle; fail unless each order has one mail."""
        eventually(lambda: len(self.recipients(references)) >= len(references), what=f"{len(references)} mails")
        self.stack.wait_until_idle()
        assert self.recipients(references) == sorted(f"{reference}@example.com" for reference in references)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokenNotifyShop]:
    """One stack for the tests that leave notify fixed."""
    folder = tmp_path_factory.mktemp("failures")
    project = copy_to(folder / "project")
    with OrderStack(project, folder / "data") as stack:
        yield (shop := BrokenNotifyShop(stack, project))
        stack.wait_until_idle()
        assert set(stack.recipients()) == {f"{reference}@example.com" for reference in shop.references}


def test_a_notify_that_raises_loses_and_doubles_no_mail(shop: BrokenNotifyShop) -> None:
    with shop.broken("raise RuntimeError('raised on purpose')"):
        shop.place("raises", 10)
        references = references_of("raises", 10)
        eventually(lambda: shop.stack.logged("raised on purpose"), what="notify to fail")
        assert shop.recipients(references) == []
    shop.assert_each_has_one_mail(references)


def test_an_order_is_answered_as_fast_when_notify_fails(shop: BrokenNotifyShop) -> None:
    shop.place("warm", 5)
    healthy = shop.median_answer("healthy")
    with shop.broken("raise RuntimeError('failed on purpose')"):
        failing = shop.median_answer("failing")
        eventually(lambda: shop.stack.logged("failed on purpose"), what="notify to fail")
    # Both ran on the same machine, moments apart: the factor is for its other business.
    assert failing < 4 * healthy


def test_a_notify_that_dies_catches_up_when_it_lives_again(shop: BrokenNotifyShop) -> None:
    with shop.broken("import os; os._exit(1)"):
        shop.place("dies", 10)
        references = references_of("dies", 10)
        eventually(lambda: shop.stack.logged("Runtime.ExitError"), what="notify to die")
    shop.assert_each_has_one_mail(references)


def test_orders_are_answered_while_notify_is_slow(shop: BrokenNotifyShop) -> None:
    with shop.broken("import time; print('asleep'); time.sleep(60)"):
        shop.place("slow", 5)
        references = references_of("slow", 5)
        eventually(lambda: shop.stack.logged("asleep"), what="notify to fall asleep")
    # The function's own timeout ends the invocation that sleeps, and the mapping retries its batch.
    shop.assert_each_has_one_mail(references)
    assert shop.stack.logged("Task timed out after 15.00 seconds")


@pytest.mark.proof
def test_a_restart_of_everything_loses_nothing(start: Start, project: Path) -> None:
    """Four starts of one stack: with a notify that is dead, and after an end in order, one without work, and a kill."""
    with broken(project, "", at_import="raise RuntimeError('broken at import')"):
        stack = start()
        place(stack, "init", 5)
        eventually(lambda: stack.logged("broken at import"), what="notify's init to fail")
    notified = references_of("init", 5)
    stack.wait_for_mails_to(notified)

    changes = len(stack.logged("code changed"))
    with broken(project, "raise RuntimeError('broken on purpose')"):
        eventually(lambda: len(stack.logged("code changed")) > changes, what="notify to be started again")
        place(stack, "restart", 5)
        order_id = stack.place("restart-0").json()["order_id"]
        assert stack.stop() == 0
    restarted = start()
    stored = restarted.get(f"/orders/{order_id}").raise_for_status().json()
    assert stored["customer"]["email"] == "restart-0@example.com"
    notified += references_of("restart", 5)
    restarted.wait_for_mails_to(notified)
    assert restarted.stop() == 0

    # The mails stay, and the records that are done do not come a third time.
    once_more = start()
    place(once_more, "once-more", 1)
    notified += references_of("once-more", 1)
    once_more.wait_for_mails_to(notified)

    place(once_more, "killed", 5)
    once_more.kill()
    after_the_kill = start()
    place(after_the_kill, "after", 1)
    after_the_kill.wait_for_mails_to([*notified, *references_of("killed", 5), "after-0"], sends_cut_off=1)


def references_of(name: str, count: int) -> list[str]:
    return [f"{name}-{number}" for number in range(count)]


def place(stack: OrderStack, name: str, count: int) -> list[httpx.Response]:
    answers = [stack.place(reference) for reference in references_of(name, count)]
    assert [answer.status_code for answer in answers] == [httpx.codes.CREATED] * count
    return answers


@contextlib.contextmanager
def broken(project: Path, statement: str, *, at_import: str = "") -> Iterator[None]:
    """Put a statement into notify's handler, or at the end of its module, and take it out at the end."""
    file = project / "functions" / "notify" / "handlers" / "notify.py"
    fixed = file.read_text()
    file.write_text(
        f"{fixed}\n{at_import}\n"
        "_fixed_handler = handler\n\n\n"
        "def handler(event, context):\n"
        f"    {statement or 'pass'}\n"
        "    return _fixed_handler(event, context)\n"
    )
    try:
        yield
    finally:
        file.write_text(fixed)

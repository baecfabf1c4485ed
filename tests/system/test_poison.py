"""One poison record among many: all others are delivered, and it is delivered once after the fix."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from samrun.testing.waiting import eventually
from tests.project import ROOT, copy_to
from tests.system.crashing_notify import dies_of
from tests.system.customers import address
from tests.system.fake_ses import Server, Ses
from tests.system.order_events import event_id, event_of, order_id_of
from tests.system.order_stack import OrderStack
from tests.system.published_events import CANCELLED, PAID
from tests.system.stack_notify import StackNotify, record
from tests.system.stack_tools import run_tool

pytestmark = pytest.mark.xdist_group("poison")

BOTH = [PAID, CANCELLED]
# A producer of another version writes the address elsewhere; the fix reads it there, too.
_READS = ('"data.customer.email"', '["data.customer.email", "data.customer.address"]')
# A template asks for what one order has not; the fix goes without.
_ASKS = ("{% block content %}", "{% block content %}{{ customer.salutation }}")
# One record ends the whole function.
_DIES = dies_of(b"deadly")


@dataclass(frozen=True)
class Code:
    """The code that the stack runs, which a test may change."""

    project: Path
    stack: OrderStack

    def change(self, file: str, *changes: tuple[str, str], more: str = "") -> None:
        """Write a file of notify, as a changed copy of the repository's; wait until the stack has seen it."""
        seen = len(self.stack.logged("code changed"))
        text = (ROOT / "functions/notify" / file).read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.project / "functions/notify" / file).write_text(text + more)
        eventually(lambda: len(self.stack.logged("code changed")) > seen, what="notify to be started again")


@dataclass(frozen=True)
class PoisonedStack:
    """A stack whose code can be changed, with a stand-in for SES."""

    notify: StackNotify
    ses: Ses
    code: Code

    def mails(self, numbers: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """Return the kinds of mails that each customer got, in their order.

        One that the ledger marks as a possible duplicate is there once.
        """
        kinds: dict[str, list[str]] = {address(number): [] for number in numbers}
        kind_of = {f"{event_id(number, kind)}#mail": kind for number in numbers for kind in BOTH}
        for each in self.ses.taken:
            if each.address in kinds:
                kinds[each.address].append(kind_of[each.notification_id])
        marked = {kind: self.notify.possible_duplicates(numbers, event_type=kind) for kind in BOTH}
        mails = {number: kinds[address(number)] for number in numbers}
        for kind, of_it in marked.items():
            for number in of_it:
                for _ in range(mails[number].count(kind) - 1):
                    mails[number].remove(kind)
        return mails

    def tool(self, *arguments: str) -> str:
        """Run the tool for dead letters on this stack; return its output."""
        return run_tool(self.code.stack, self.code.project, *arguments)

    def replay_once(self) -> None:
        """Replay the one dead letter there is; there is none afterwards, for a second replay either."""
        assert "1 of 1 went through." in self.tool("replay", "--all")
        assert self.tool("list") == "There are no dead letters.\n"
        taken = len(self.ses.taken)
        assert "0 of 0 went through." in self.tool("replay", "--all")
        assert len(self.ses.taken) == taken


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PoisonedStack]:
    """One stack for both kinds of poison: each test leaves the code fixed, and no dead letter."""
    folder = tmp_path_factory.mktemp("poison")
    project = copy_to(folder / "project")
    template = project / "template.yaml"
    # Six isolate one record, however many come in one batch; the others are for what a busy machine delays.
    template.write_text(template.read_text().replace("MaximumRetryAttempts: 10000", "MaximumRetryAttempts: 10"))
    ses = Ses()
    with (
        Server(ses) as server,
        OrderStack(project, folder / "data", environment={"AWS_ENDPOINT_URL_SESV2": server.url}) as stack,
    ):
        found = PoisonedStack(notify=StackNotify(stack, project), ses=ses, code=Code(project, stack))
        yield found
        found.notify.close()


def paid(number: int) -> dict[str, Any]:
    return event_of(number, salutation="Dear customer")


def unreadable(number: int) -> dict[str, Any]:
    content = paid(number)
    content["data"]["customer"]["address"] = content["data"]["customer"].pop("email")
    return content


def unwritable(number: int) -> dict[str, Any]:
    content = paid(number)
    del content["data"]["customer"]["salutation"]
    return content


@pytest.mark.parametrize("orders", [15, pytest.param(500, marks=pytest.mark.proof)])
def test_one_poison_record_among_many_is_one_dead_letter_and_after_the_fix_one_mail(
    world: PoisonedStack, orders: int
) -> None:
    # Each order has two records.
    mail = "templates/order.paid.v1/en/mail.txt.jinja"
    world.code.change(mail, _ASKS)
    cannot_be_read, cannot_be_written = (
        _poisoned(world, numbers, poison)
        for numbers, poison in ((range(orders), unreadable), (range(orders, 2 * orders), unwritable))
    )
    assert cannot_be_read() == "data.customer.email: missing"
    world.code.change("templates/order.paid.v1/notification.json", _READS)
    world.replay_once()
    assert all(sorted(mails) == sorted(BOTH) for mails in world.mails(range(orders)).values())

    assert "salutation" in cannot_be_written()
    world.code.change(mail)
    world.replay_once()
    assert all(sorted(mails) == sorted(BOTH) for mails in world.mails(range(2 * orders)).values())
    assert world.notify.personal_data() == []


def _poisoned(world: PoisonedStack, numbers: range, poison: Callable[[int], dict[str, Any]]) -> Callable[[], str]:
    """Return a function that sells with one record poisoned, waits for its dead letter, and returns the reason."""

    def run() -> str:
        bad = Random(numbers.start).choice(numbers)  # noqa: S311 - no secret
        payments = [record(number, poison(number) if number == bad else paid(number)) for number in numbers]
        cancellations = [record(number, event_of(number, CANCELLED)) for number in numbers]
        world.notify.produce([*payments, *cancellations])
        world.notify.wait_until_done()
        assert world.mails(numbers) == dict.fromkeys(numbers, BOTH) | {bad: BOTH[1:]}
        [dead_letter] = world.notify.dead_letters()
        assert (dead_letter.where, dead_letter.topic, dead_letter.partition) == ("queue", "order-events", bad % 3)
        assert dead_letter.readable()["key"] == order_id_of(bad)
        assert world.notify.personal_data() == []
        return dead_letter.reason

    return run


def test_a_record_that_kills_the_function_is_discarded_alone_and_after_the_fix_is_one_mail(
    world: PoisonedStack,
) -> None:
    numbers = range(5_000, 5_045)  # nobody of the other test
    deadly = Random(45).choice(numbers)  # noqa: S311 - no secret
    world.code.change("handlers/notify.py", more=_DIES)
    world.notify.produce(
        record(number, event_of(number, note="deadly" if number == deadly else "harmless")) for number in numbers
    )
    world.notify.wait_until_done()
    assert len(world.code.stack.logged("RetryAttemptsExhausted")) == 1
    assert world.mails(numbers) == {number: [PAID] for number in numbers} | {deadly: []}
    [dead_letter] = world.notify.dead_letters()
    assert (dead_letter.where, dead_letter.readable()["key"]) == ("bucket", order_id_of(deadly))
    assert dead_letter.reason == "RetryAttemptsExhausted (Unhandled)"
    assert world.notify.personal_data() == []

    world.code.change("handlers/notify.py")
    world.replay_once()
    assert world.mails(numbers) == {number: [PAID] for number in numbers}
    assert world.notify.personal_data() == []

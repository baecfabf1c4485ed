"""One record among many that notify can do nothing with: all others go, and it goes, once, after the mend."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.system.customers import address
from tests.system.deadly import dies_of
from tests.system.notify_of_stack import StackNotify, event, order_id, record
from tests.system.running import ROOT, RunningStack, eventually
from tests.system.ses import Server, Ses

pytestmark = pytest.mark.xdist_group("poison")

ORDERS = 500  # each with two records
BOTH = ["paid", "cancelled"]
# A producer of another version writes the address elsewhere; the mend reads it there, too.
_READS = ("    email: str\n", '    email: str = Field(validation_alias=AliasChoices("email", "address"))\n')
_IMPORTS = ("import AwareDatetime,", "import AliasChoices, AwareDatetime, Field,")
# A template asks for what one order has not; the mend goes without.
_ASKS = ("{% block content %}", "{% block content %}{{ customer.salutation }}")
# One record ends the whole function.
_DIES = dies_of(b"deadly")


@dataclass(frozen=True)
class Code:
    """What the stack runs, in the hands of a test."""

    project: Path
    stack: RunningStack

    def change(self, file: str, *changes: tuple[str, str], more: str = "") -> None:
        """Write a file of notify anew, from the repository's own; wait until the stack has seen it."""
        seen = len(self.stack.logged("code changed"))
        text = (ROOT / "functions/notify" / file).read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.project / "functions/notify" / file).write_text(text + more)
        eventually(lambda: len(self.stack.logged("code changed")) > seen, what="notify to be started anew")


@dataclass(frozen=True)
class World:
    """A stack whose code can be changed, with a stand-in for SES."""

    notify: StackNotify
    ses: Ses
    code: Code

    def mails(self, numbers: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """Return the kinds of mails that each customer got, in their order.

        One that the ledger marks as a possible duplicate is there once.
        """
        kinds: dict[str, list[str]] = {address(number): [] for number in numbers}
        for each in self.ses.taken:
            if each.address in kinds:
                kinds[each.address].append(each.notification_id.partition("-")[0])
        marked = {kind: self.notify.possible_duplicates(numbers, notification=kind) for kind in ("paid", "cancelled")}
        mails = {number: kinds[address(number)] for number in numbers}
        for kind, of_it in marked.items():
            for number in of_it:
                for _ in range(mails[number].count(kind) - 1):
                    mails[number].remove(kind)
        return mails

    def tool(self, *arguments: str) -> str:
        """Run the tool for dead letters as a user does; return what it prints, and fail if it fails."""
        run = subprocess.run(
            [
                *(sys.executable, "-m", "tools.deadletters", *arguments),
                *("--data", str(self.code.stack.data), "--template", str(self.code.project / "template.yaml")),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def replay_once(self) -> None:
        """Replay the one dead letter there is; there is none afterwards, for a second replay either."""
        assert "1 of 1 went through." in self.tool("replay", "--all")
        assert self.tool("list") == "There are no dead letters.\n"
        taken = len(self.ses.taken)
        assert "0 of 0 went through." in self.tool("replay", "--all")
        assert len(self.ses.taken) == taken


@pytest.fixture
def world(start: Callable[..., RunningStack], project: Path) -> Iterator[World]:
    template = project / "template.yaml"
    # Six isolate one record, however many come in one batch; the others are for what a busy machine delays.
    template.write_text(template.read_text().replace("MaximumRetryAttempts: 10000", "MaximumRetryAttempts: 10"))
    ses = Ses()
    with Server(ses) as server:
        stack = start(environment={"AWS_ENDPOINT_URL_SESV2": server.url})
        found = World(notify=StackNotify(stack, project), ses=ses, code=Code(project, stack))
        yield found
        found.notify.close()


def paid(number: int) -> dict[str, Any]:
    return event(number, salutation="Dear customer")


def unreadable(number: int) -> dict[str, Any]:
    content = paid(number)
    content["data"]["customer"]["address"] = content["data"]["customer"].pop("email")
    return content


def unwritable(number: int) -> dict[str, Any]:
    content = paid(number)
    del content["data"]["customer"]["salutation"]
    return content


def test_one_poison_record_among_1000_is_one_dead_letter_and_after_the_mend_one_mail(world: World) -> None:
    mail = "templates/order.paid.v1/en/mail.txt.jinja"
    world.code.change(mail, _ASKS)
    cannot_be_read, cannot_be_written = (
        _poisoned(world, numbers, poison)
        for numbers, poison in ((range(ORDERS), unreadable), (range(ORDERS, 2 * ORDERS), unwritable))
    )
    assert cannot_be_read() == "data.customer.email: missing"
    world.code.change("events.py", _READS, _IMPORTS)
    world.replay_once()
    assert all(sorted(mails) == sorted(BOTH) for mails in world.mails(range(ORDERS)).values())

    assert "salutation" in cannot_be_written()
    world.code.change(mail)
    world.replay_once()
    assert all(sorted(mails) == sorted(BOTH) for mails in world.mails(range(2 * ORDERS)).values())
    assert world.notify.personal_data() == []


def _poisoned(world: World, numbers: range, poison: Callable[[int], dict[str, Any]]) -> Callable[[], str]:
    """Return what sells with one record poisoned, waits for what comes of it, and returns the reason."""

    def run() -> str:
        bad = Random(numbers.start).choice(numbers)  # noqa: S311 - no secret
        payments = [record(number, poison(number) if number == bad else paid(number)) for number in numbers]
        cancellations = [record(number, event(number, "cancelled")) for number in numbers]
        world.notify.produce([*payments, *cancellations])
        world.notify.wait_until_done()
        assert world.mails(numbers) == dict.fromkeys(numbers, BOTH) | {bad: BOTH[1:]}
        [letter] = world.notify.letters()
        assert (letter.where, letter.topic, letter.partition) == ("queue", "order-events", bad % 3)
        assert letter.readable()["key"] == order_id(bad)
        assert world.notify.personal_data() == []
        return letter.reason

    return run


def test_a_record_that_kills_the_function_is_given_up_alone_and_after_the_mend_one_mail(world: World) -> None:
    numbers = range(45)
    deadly = Random(45).choice(numbers)  # noqa: S311 - no secret
    world.code.change("app.py", more=_DIES)
    world.notify.produce(
        record(number, event(number, note="deadly" if number == deadly else "harmless")) for number in numbers
    )
    world.notify.wait_until_done()
    assert len(world.code.stack.logged("RetryAttemptsExhausted")) == 1
    assert world.mails(numbers) == {number: ["paid"] for number in numbers} | {deadly: []}
    [letter] = world.notify.letters()
    assert (letter.where, letter.readable()["key"]) == ("bucket", order_id(deadly))
    assert letter.reason == "RetryAttemptsExhausted (Unhandled)"
    assert world.notify.personal_data() == []

    world.code.change("app.py")
    world.replay_once()
    assert world.mails(numbers) == {number: ["paid"] for number in numbers}
    assert world.notify.personal_data() == []

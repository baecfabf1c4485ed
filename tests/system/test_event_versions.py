"""Two versions of one event beside each other: whoever reads one, the other, or both, sends one mail.

The producer here is the test: it publishes order.paid.v1, and beside it order.paid.v2 of tests/contract/next_version,
as the order function would while consumers change over.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from samrun.testing.waiting import eventually
from tests.project import ROOT, copy_to
from tests.system.customers import address
from tests.system.fake_ses import Server, Ses
from tests.system.order_events import event_of, publish
from tests.system.order_stack import OrderStack
from tests.system.published_events import PAID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PAID_V2 = "order.paid.v2"
NEXT_VERSION = ROOT / "tests/contract/next_version"
# Templates of the next version begin with it; the rest of them is the same.
TOTAL = "{% set currency = total.currency %}{% set total = total.amount %}\n"


class ChangingShop:
    """A stack whose notify learns the next version while it runs."""

    def __init__(self, project: Path, stack: OrderStack, ses: Ses) -> None:
        self._project, self._stack, self._ses = project, stack, ses
        shutil.copytree(ROOT / "events", project / "schemas")
        shutil.copy(NEXT_VERSION / f"{PAID_V2}.schema.json", project / "schemas")

    def publish(self, events: Sequence[dict[str, Any]]) -> None:
        """Publish events, and wait until notify has done with them."""
        publish(self._stack.endpoints["kafka"], events, schemas=self._project / "schemas")
        self._stack.wait_until_idle()

    def mails(self, number: int) -> int:
        """Return how many mails this customer has."""
        return self._ses.sent[address(number)]

    def learn_next_version(self) -> None:
        """Give notify a folder for the next version, and wait until it runs with it."""
        seen = len(self._stack.logged("code changed"))
        templates = self._project / "functions/notify/templates"
        made = shutil.copytree(templates / PAID, self._project / PAID_V2)
        for path in made.rglob("*.jinja"):
            first, _, rest = path.read_text("utf-8").partition("\n")
            path.write_text(f"{first}\n{TOTAL}{rest}" if "{% extends" in first else f"{TOTAL}{first}\n{rest}", "utf-8")
        made.rename(templates / PAID_V2)  # all at once, since the stack watches the folder
        eventually(lambda: len(self._stack.logged("code changed")) > seen, what="notify to be started again")

    def skipped(self) -> int:
        """Return how many records notify has skipped because it does not know their type."""
        log = (self._stack.data / "logs/functions/NotifyFunction.log").read_text("utf-8")
        return sum("record skipped" in line and "unknown type" in line for line in log.splitlines())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[ChangingShop]:
    project, ses = copy_to(tmp_path / "project"), Ses()
    with (
        Server(ses) as server,
        OrderStack(project, tmp_path / "data", environment={"AWS_ENDPOINT_URL_SESV2": server.url}) as stack,
    ):
        yield ChangingShop(project, stack, ses)


def next_version_of(paid: dict[str, Any]) -> dict[str, Any]:
    """Return the next version of an event: with the same id, since it is the same event."""
    data = {name: value for name, value in paid["data"].items() if name != "currency"}
    total = {"amount": paid["data"]["total"], "currency": paid["data"]["currency"]}
    return paid | {"type": PAID_V2, "data": data | {"total": total}}


def test_customer_gets_one_mail_while_two_versions_are_published(shop: ChangingShop) -> None:
    before, both, reverse, alone = (event_of(number) for number in range(4))

    # notify knows only v1: it skips v2.
    shop.publish([next_version_of(before), before])
    assert (shop.mails(0), shop.skipped()) == (1, 1)

    # notify knows both. Whichever it finds first, the other has the same id: the ledger knows that it is done.
    shop.learn_next_version()
    shop.publish([both, next_version_of(both), next_version_of(reverse), reverse, next_version_of(alone)])
    assert [shop.mails(number) for number in range(1, 4)] == [1, 1, 1]
    # An event from before, again: a mail was sent about it in its first version.
    shop.publish([next_version_of(before)])
    assert (shop.mails(0), shop.skipped()) == (1, 1)

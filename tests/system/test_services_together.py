"""The order system with reward and shipment, as `make run WITH="reward shipment"` runs them: three services, one order.

Whichever of the three is down, the two others go on; what it missed follows once it is up again.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from samrun.testing.waiting import eventually
from tests.project import ROOT, copy_to
from tests.system.order_stack import OrderStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("services-together")

WITH = ("reward", "shipment")
PHONE = "+14155550100"
# The beginnings of the mails about one order, by the service whose event each is about.
CONFIRMED, POINTS, ON_ITS_WAY = "Confirmed: ", "25 points ", "On its way: "
MAILS = {"order": CONFIRMED, "reward": POINTS, "shipment": ON_ITS_WAY}
CONSUMERS = {
    "notify": "functions/notify/handlers/notify.py",
    "reward": "examples/reward/src/reward/consumer.py",
    "shipment": "examples/shipment/src/shipment/consumer.py",
}


@dataclass(frozen=True)
class Shop:
    """A stack of the three services, and what one customer of it gets."""

    project: Path
    stack: OrderStack

    def order(self, reference: str) -> str:
        """Place an order with a phone number; return its id."""
        customer = {"id": "cus_ada", "name": "Ada Lovelace", "email": f"{reference}@example.com", "phone": PHONE}
        answer = self.stack.place(reference, customer=customer)
        order_id: str = answer.raise_for_status().json()["order_id"]
        return order_id

    def mails(self, reference: str) -> list[str]:
        """Return the beginnings of the subjects of the customer's mails, sorted."""
        of_customer = [
            mail["Subject"]
            for mail in self.stack.mails()
            if f"{reference}@example.com" in {recipient["Address"] for recipient in mail["To"]}
        ]
        return sorted(begins for subject in of_customer for begins in MAILS.values() if subject.startswith(begins))

    def wait_for_mails(self, reference: str, *expected: str) -> None:
        """Wait until the customer has these mails, and no other."""
        eventually(lambda: self.mails(reference) == sorted(expected), what=f"the mails {expected}")

    def write(self, service: str, *, more: str = "") -> None:
        """Write the module of a service's consumer, with more at its end; wait until the stack runs with that."""
        seen = len(self.stack.logged("code changed"))
        file = CONSUMERS[service]
        (self.project / file).write_text((ROOT / file).read_text("utf-8") + more, "utf-8")
        eventually(lambda: len(self.stack.logged("code changed")) > seen, what=f"{service} to be started again")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("together")
    project = copy_to(folder / "project")
    for name in WITH:
        ignored = shutil.ignore_patterns("__pycache__", "tests")
        shutil.copytree(ROOT / f"examples/{name}", project / f"examples/{name}", ignore=ignored)
    with OrderStack(
        project,
        folder / "data",
        templates=("template.yaml", *(f"examples/{name}/template.yaml" for name in WITH)),
        options=("--parameter-overrides", *(f"file://examples/{name}/with-orders.yaml" for name in WITH)),
    ) as stack:
        yield Shop(project, stack)


def test_one_order_brings_the_mails_of_three_services_and_the_text_messages(shop: Shop) -> None:
    order_id = shop.order("pay-all")
    shop.wait_for_mails("pay-all", CONFIRMED, POINTS, ON_ITS_WAY)
    texts = {CONFIRMED, ON_ITS_WAY}
    eventually(
        lambda: (
            {each for each in texts for message in shop.stack.text_messages() if message.text.startswith(each)} == texts
        ),
        what="the text messages",
    )
    assert {message.to for message in shop.stack.text_messages()} == {PHONE}
    shop.stack.wait_until_idle()
    answer = shop.stack.get(
        f"/orders/{order_id}/notifications", token=shop.stack.token(scope="notifications:read")
    ).json()
    assert sorted((each["event_type"], each["channel"], each["status"]) for each in answer["notifications"]) == [
        ("order.paid.v1", "mail", "sent"),
        ("order.paid.v1", "text", "sent"),
        ("reward.granted.v1", "mail", "sent"),
        ("shipment.dispatched.v1", "mail", "sent"),
        ("shipment.dispatched.v1", "text", "sent"),
    ]


@pytest.mark.parametrize("down", WITH)
def test_two_services_do_not_notice_that_the_third_is_down(shop: Shop, down: str) -> None:
    reference = f"pay-without-{down}"
    shop.write(down, more="\nraise RuntimeError\n")
    order_id = shop.order(reference)
    shop.wait_for_mails(reference, *(begins for service, begins in MAILS.items() if service != down))
    table = {"reward": "RewardsTable", "shipment": "ShipmentsTable"}[down]
    assert order_id not in {item["order_id"] for item in shop.stack.items(table)}
    shop.write(down)
    shop.wait_for_mails(reference, CONFIRMED, POINTS, ON_ITS_WAY)


def test_reward_and_shipment_do_not_notice_that_notify_is_down(shop: Shop) -> None:
    shop.write("notify", more="\nraise RuntimeError\n")
    order_id = shop.order("pay-without-notify")
    for topic in ("reward-events", "shipment-events"):
        eventually(
            lambda topic=topic: order_id.encode() in {record.key for record in shop.stack.records(topic)},  # type: ignore[misc]
            what=f"the event in {topic}",
        )
    assert shop.mails("pay-without-notify") == []
    shop.write("notify")
    shop.wait_for_mails("pay-without-notify", CONFIRMED, POINTS, ON_ITS_WAY)

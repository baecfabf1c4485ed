"""The main job: an order placed over HTTP arrives as a mail, on a real broker."""

import re
from typing import Any

import httpx
import pytest
from kafka import KafkaProducer

from samrun.testing.waiting import eventually
from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("shared-stack")


def test_an_order_is_recorded_and_its_customer_gets_one_mail(shared: OrderStack) -> None:
    answer = shared.place("pay-main-job")
    assert answer.status_code == httpx.codes.CREATED
    order = answer.json()
    assert order["status"] == "paid"
    assert order["total"] == "25.00"

    mail = _mail_about(shared, order["order_id"])
    assert [address["Address"] for address in mail["To"]] == ["pay-main-job@example.com"]
    assert "€25.00" in mail["Text"]
    assert "€25.00" in mail["HTML"]
    assert "Notes on the Engine" in mail["HTML"]

    stored = shared.get(answer.headers["location"])
    assert stored.status_code == httpx.codes.OK
    assert stored.json() == order


def test_each_step_is_a_line_on_the_terminal_in_its_order(shared: OrderStack) -> None:
    order_id = shared.place("pay-steps").json()["order_id"]
    _mail_about(shared, order_id)
    recorded, published = shared.logged(f"order_id={order_id}")[:2]
    assert "order recorded" in recorded
    position = re.search(r"topic=order-events.*partition=(\d+).*offset=(\d+)", published)
    assert position, published
    terminal = shared.log.read_text()
    delivered = f"order-events-{position[1]}@{position[2]}"
    # The order function's lines come by a pipe, the mapping's do not: of the two, either may be shown first.
    assert terminal.index(recorded) < terminal.index(published)
    assert terminal.index(delivered) < terminal.index("notification sent", terminal.index(delivered))


def test_the_mail_is_in_the_language_of_the_customer(shared: OrderStack) -> None:
    customer = {"id": "cus_minh", "name": "Nguyễn Thị Minh Khai", "email": "minh@example.com", "locale": "vi-VN"}
    item = {"sku": "SACH-1", "name": "Truyện Kiều", "quantity": 1, "unit_price": "120000"}
    answer = shared.place("pay-vi", customer=customer, items=[item], currency="VND")
    assert answer.status_code == httpx.codes.CREATED
    mail = _mail_about(shared, answer.json()["order_id"])
    assert "120.000" in mail["Text"]
    assert mail["To"] == [{"Name": "Nguyễn Thị Minh Khai", "Address": "minh@example.com"}]


def test_an_unknown_language_falls_back_to_english(shared: OrderStack) -> None:
    customer = {"id": "cus_x", "name": "Xenia", "email": "xenia@example.com", "locale": "eo"}
    order_id = shared.place("pay-eo", customer=customer).json()["order_id"]
    assert "order" in _mail_about(shared, order_id)["Subject"].lower()


def test_the_same_payment_again_is_no_second_order_and_no_second_mail(shared: OrderStack) -> None:
    first = shared.place("pay-again")
    _mail_about(shared, first.json()["order_id"])
    repeated = shared.place("pay-again")
    assert repeated.status_code == httpx.codes.OK
    assert repeated.headers["idempotent-replayed"] == "true"
    assert repeated.json() == first.json()
    # A later order's mail has come: one of the repeat would have been before it.
    _mail_about(shared, shared.place("pay-after").json()["order_id"])
    assert shared.recipients().count("pay-again@example.com") == 1


def test_orders_in_different_partitions_all_arrive(shared: OrderStack) -> None:
    orders = [shared.place(f"pay-spread-{number}").json()["order_id"] for number in range(8)]
    for order_id in orders:
        _mail_about(shared, order_id)
    partitions = {
        match[1]
        for order_id in orders
        for line in shared.logged(f"order_id={order_id}")
        if (match := re.search(r"partition=(\d+)", line))
    }
    assert len(partitions) >= 2


def test_a_record_that_cannot_be_read_does_not_stop_the_others(shared: OrderStack) -> None:
    producer = KafkaProducer(bootstrap_servers=shared.endpoints["kafka"])
    for partition in range(3):
        producer.send("order-events", b"\xff no event", partition=partition)
    producer.close()
    orders = [shared.place(f"pay-poison-{number}").json()["order_id"] for number in range(6)]
    for order_id in orders:
        _mail_about(shared, order_id)


def test_the_api_is_documented_where_it_runs(shared: OrderStack) -> None:
    document = httpx.get(f"{shared.endpoints['api']}/openapi.json").json()
    assert "/orders" in document["paths"]
    page = httpx.get(f"{shared.endpoints['api']}/docs")
    assert page.status_code == httpx.codes.OK
    assert "swagger" in page.text.lower()


def test_a_wrong_order_is_refused_with_every_wrong_field(shared: OrderStack) -> None:
    answer = shared.place("pay-wrong", currency="EURO", items=[])
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert answer.headers["content-type"] == "application/problem+json"
    assert "currency" in answer.text
    assert "items" in answer.text


def _mail_about(stack: OrderStack, order_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = httpx.get(f"{stack.endpoints['console']}/api/v1/search", params={"query": order_id}).json()
        for mail in found["messages"]:
            message: dict[str, Any] = httpx.get(f"{stack.endpoints['console']}/api/v1/message/{mail['ID']}").json()
            return message
        return None

    return eventually(look, what=f"the mail about {order_id}")

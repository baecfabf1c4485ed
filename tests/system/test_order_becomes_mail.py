"""The main job: an order placed over HTTP arrives as a mail, on a real broker."""

import re

import httpx
import pytest

from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("shared-stack")


def test_an_order_is_recorded_and_its_customer_gets_one_mail(samrun: OrderStack) -> None:
    answer = samrun.place("pay-1")
    assert answer.status_code == httpx.codes.CREATED
    order = answer.json()
    assert order["status"] == "paid"
    assert order["total"] == "25.00"

    mail = samrun.wait_for_mail(to="pay-1@example.com", subject=order["order_number"])
    assert mail.to == ("pay-1@example.com",)
    assert "€25.00" in mail.text
    assert "€25.00" in mail.html
    assert "Notes on the Engine" in mail.html

    stored = samrun.get(answer.headers["location"])
    assert stored.status_code == httpx.codes.OK
    assert stored.json() == order


def test_each_step_is_a_line_on_the_terminal_in_its_order(samrun: OrderStack) -> None:
    order_id = samrun.place("pay-steps").json()["order_id"]
    samrun.wait_for_mails_to(["pay-steps"])
    recorded, published = samrun.logged(f"order_id={order_id}")[:2]
    assert "order recorded" in recorded
    position = re.search(r"topic=order-events.*partition=(\d+).*offset=(\d+)", published)
    assert position, published
    terminal = samrun.timeline()
    delivered = f"order-events-{position[1]}@{position[2]}"
    # The order function's lines come by a pipe, the mapping's do not: of the two, either may be shown first.
    assert terminal.index(recorded) < terminal.index(published)
    assert terminal.index(delivered) < terminal.index("notification sent", terminal.index(delivered))


def test_the_mail_is_in_the_language_of_the_customer(samrun: OrderStack) -> None:
    customer = {"id": "cus_minh", "name": "Nguyễn Thị Minh Khai", "email": "minh@example.com", "locale": "vi-VN"}
    item = {"sku": "SACH-1", "name": "Truyện Kiều", "quantity": 1, "unit_price": "120000"}
    answer = samrun.place("pay-1", customer=customer, items=[item], currency="VND")
    assert answer.status_code == httpx.codes.CREATED
    assert "120.000" in samrun.wait_for_mail(to="minh@example.com", subject=answer.json()["order_number"]).text
    assert [mail["To"] for mail in samrun.mails()] == [
        [{"Name": "Nguyễn Thị Minh Khai", "Address": "minh@example.com"}]
    ]


def test_an_unknown_language_falls_back_to_english(samrun: OrderStack) -> None:
    customer = {"id": "cus_x", "name": "Xenia", "email": "xenia@example.com", "locale": "eo"}
    order = samrun.place("pay-1", customer=customer).json()
    assert "order" in samrun.wait_for_mail(to="xenia@example.com", subject=order["order_number"]).subject.lower()


def test_the_same_payment_again_is_no_second_order_and_no_second_mail(samrun: OrderStack) -> None:
    first = samrun.place("pay-1")
    samrun.wait_for_mails_to(["pay-1"])
    repeated = samrun.place("pay-1")
    assert repeated.status_code == httpx.codes.OK
    assert repeated.headers["idempotent-replayed"] == "true"
    assert repeated.json() == first.json()
    samrun.wait_for_mails_to(["pay-1"])


def test_orders_in_different_partitions_all_arrive(samrun: OrderStack) -> None:
    references = [f"pay-{number}" for number in range(8)]
    for reference in references:
        samrun.place(reference).raise_for_status()
    samrun.wait_for_mails_to(references)
    assert len({record.partition for record in samrun.records("order-events")}) >= 2


def test_a_record_that_cannot_be_read_does_not_stop_the_others(samrun: OrderStack) -> None:
    for partition in range(3):
        samrun.produce("order-events", b"\xff no event", partition=partition)
    references = [f"pay-{number}" for number in range(6)]
    for reference in references:
        samrun.place(reference).raise_for_status()
    samrun.wait_for_mails_to(references)
    # A dead letter may be there twice: a batch that is retried brings it again.
    assert {message.attributes["partition"] for message in samrun.messages("DeadLetterQueue")} == {"0", "1", "2"}


def test_the_api_is_documented_where_it_runs(samrun: OrderStack) -> None:
    assert "/orders" in samrun.http.get("/openapi.json").json()["paths"]
    page = samrun.http.get("/docs")
    assert page.status_code == httpx.codes.OK
    assert "swagger" in page.text.lower()


def test_a_wrong_order_is_refused_with_every_wrong_field(samrun: OrderStack) -> None:
    answer = samrun.place("pay-1", currency="EURO", items=[])
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert answer.headers["content-type"] == "application/problem+json"
    assert "currency" in answer.text
    assert "items" in answer.text

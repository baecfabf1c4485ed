"""Erasing a customer as a user does it, on the running stack."""

import httpx
import pytest

from samrun.testing.waiting import eventually
from tests.project import ROOT
from tests.system.order_stack import OrderStack
from tests.system.stack_tools import run_tool

pytestmark = pytest.mark.xdist_group("shared-stack")

CUSTOMER = {"id": "cus_mary", "name": "Mary Somerville", "email": "mary@example.com", "phone": "+4930123456"}


def test_ledger_has_no_name_and_no_address(samrun: OrderStack) -> None:
    samrun.place("pay-1", customer=CUSTOMER).raise_for_status()
    samrun.wait_for_mail(to=CUSTOMER["email"])
    samrun.wait_for_text_message(to=CUSTOMER["phone"])
    samrun.wait_until_idle()
    entries = samrun.items("NotificationsTable")
    assert [entry["status"] for entry in entries] == ["sent", "sent"]
    stored = str(entries)
    assert [text for text in ("Mary", "Somerville", "mary@", "4930123456") if text in stored] == []


def test_erased_order_is_read_repeated_and_not_cancelled(samrun: OrderStack) -> None:
    placed = samrun.place("pay-1", customer=CUSTOMER)
    order = placed.json()
    eventually(
        lambda: not any(each.get("pending") for each in samrun.items("OrdersTable")), what="its event to be sent"
    )
    planned = run_tool(samrun, ROOT, "--customer-id", "cus_mary", "--dry-run", module="tools.erase_customer")
    assert order["order_number"] in planned
    assert samrun.get(placed.headers["location"], token=samrun.token(sub="cus_mary")).json() == order

    said = run_tool(samrun, ROOT, "--customer-id", "cus_mary", module="tools.erase_customer")
    assert "Mary" not in said
    erased = samrun.get(placed.headers["location"], token=samrun.token(sub="cus_mary")).json()
    erased_at = erased.pop("erased_at")
    customer = {"id": "cus_mary", "name": "erased", "email": "erased@erased.invalid"}
    assert erased == order | {"customer": customer}

    repeated = samrun.place("pay-1", customer=CUSTOMER)
    assert (repeated.status_code, repeated.json()["erased_at"]) == (httpx.codes.OK, erased_at)
    token = samrun.token(sub="cus_mary", scope="orders:write")
    cancelled = samrun.cancel(order["order_id"], reason="Moved to Naples", token=token)
    assert cancelled.status_code == httpx.codes.CONFLICT
    assert "personal data of the order's customer was erased" in cancelled.json()["detail"]

"""Erasing a customer as a user does it, on the running stack."""

import contextlib
from typing import Any

import httpx
import pytest

from samrun.testing.dynamodb import Table
from samrun.testing.waiting import eventually
from tests.project import ROOT
from tests.system.order_stack import OrderStack
from tests.system.orders_table import OrdersTable
from tests.system.stack_tools import run_tool

pytestmark = pytest.mark.xdist_group("shared-stack")

CUSTOMER = {"id": "cus_mary", "name": "Mary Somerville", "email": "mary@example.com", "phone": "+4930123456"}


def test_ledger_has_no_name_and_no_address(shared: OrderStack) -> None:
    order_id = shared.place("pay-ledger", customer=CUSTOMER | {"email": "mary.s@example.com"}).json()["order_id"]
    with contextlib.closing(Table(shared.endpoints["dynamodb"], "NotificationsTable")) as ledger:

        def entries() -> list[dict[str, Any]]:
            found = [entry for entry in ledger.scan() if entry["order_id"] == order_id]
            return found if [entry["status"] for entry in found] == ["sent", "sent"] else []

        stored = str(eventually(entries, what="a mail and a text message"))
    assert [text for text in ("Mary", "Somerville", "mary.s", "4930123456") if text in stored] == []


def test_erased_order_is_read_repeated_and_not_cancelled(shared: OrderStack) -> None:
    placed = shared.place("pay-erase", customer=CUSTOMER)
    order = placed.json()
    with contextlib.closing(OrdersTable(shared.endpoints["dynamodb"])) as table:
        eventually(
            lambda: order["order_id"] not in {each["order_id"] for each in table.pending()}, what="its event to be sent"
        )
    planned = run_tool(shared, ROOT, "--customer-id", "cus_mary", "--dry-run", module="tools.erase_customer")
    assert order["order_number"] in planned
    assert shared.get(placed.headers["location"], token=shared.token(sub="cus_mary")).json() == order

    said = run_tool(shared, ROOT, "--customer-id", "cus_mary", module="tools.erase_customer")
    assert "Mary" not in said
    erased = shared.get(placed.headers["location"], token=shared.token(sub="cus_mary")).json()
    erased_at = erased.pop("erased_at")
    customer = {"id": "cus_mary", "name": "erased", "email": "erased@erased.invalid"}
    assert erased == order | {"customer": customer}

    repeated = shared.place("pay-erase", customer=CUSTOMER)
    assert (repeated.status_code, repeated.json()["erased_at"]) == (httpx.codes.OK, erased_at)
    token = shared.token(sub="cus_mary", scope="orders:write")
    cancelled = httpx.post(
        f"{shared.endpoints['api']}{placed.headers['location']}/cancellation",
        json={"reason": "Moved to Naples"},
        headers={"authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert cancelled.status_code == httpx.codes.CONFLICT
    assert "personal data of the order's customer was erased" in cancelled.json()["detail"]

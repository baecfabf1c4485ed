"""From an order to the delivery status of its mail: the sample events, sent by the Invoke API, stand for SES."""

import json
from typing import Any

import httpx
import pytest

from functions.notify.channels.mailer import tag_value
from samrun.testing.waiting import eventually
from tests.project import ROOT
from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("shared-stack")


def _sent(stack: OrderStack, order_id: str) -> dict[str, Any]:
    """The entry of the order's mail in the ledger, once it is sent."""

    def look() -> dict[str, Any] | None:
        entries = (entry for entry in stack.items("NotificationsTable") if entry["order_id"] == order_id)
        mails = (entry for entry in entries if entry["notification_id"].endswith("#mail"))
        return next((mail for mail in mails if mail["status"] == "sent"), None)

    return eventually(look, what=f"the mail about {order_id} to be sent")


def _send_feedback(stack: OrderStack, sample: str, entry: dict[str, Any]) -> None:
    """Give the sample event, as one about the mail of this entry, to the function."""
    event = json.loads((ROOT / f"events/ses/{sample}.json").read_text())
    mail = event["detail"]["mail"]
    mail["messageId"] = entry["provider_id"]
    for name in ("order_id", "notification_id"):
        mail["tags"][name] = [tag_value(entry[name])]
    stack.invoke("FeedbackFunction", event)


def _history(stack: OrderStack, order_id: str) -> list[dict[str, Any]]:
    answer = stack.get(f"/orders/{order_id}/notifications", token=stack.token(sub="usr", scope="notifications:read"))
    assert answer.status_code == httpx.codes.OK, answer.text
    notifications: list[dict[str, Any]] = answer.json()["notifications"]
    return notifications


def test_support_staff_see_what_became_of_an_orders_mail(samrun: OrderStack) -> None:
    order_id = samrun.place("pay-feedback").json()["order_id"]
    entry = _sent(samrun, order_id)
    (notification,) = _history(samrun, order_id)
    assert (notification["channel"], notification["status"], notification["attempts"]) == ("mail", "sent", 1)
    assert notification["sent_at"] is not None

    _send_feedback(samrun, "delivered", entry)
    (notification,) = _history(samrun, order_id)
    assert (notification["status"], notification["reason"]) == ("delivered", None)

    _send_feedback(samrun, "complained", entry)
    _send_feedback(samrun, "delivered", entry)
    (notification,) = _history(samrun, order_id)
    assert (notification["status"], notification["reason"]) == ("complained", "abuse")
    assert not samrun.logged("pay-feedback@example.com")


@pytest.mark.parametrize(("kind", "status"), [("delivery", "delivered"), ("bounce", "bounced"), ("delay", "delayed")])
def test_feedback_that_the_console_simulates_is_in_the_history(samrun: OrderStack, kind: str, status: str) -> None:
    order_id = samrun.place(f"pay-simulated-{kind}").json()["order_id"]
    _sent(samrun, order_id)
    console = samrun.endpoints["console"]
    found = httpx.get(f"{console}/api/v1/search", params={"query": f"to:pay-simulated-{kind}"}).json()
    [mail] = found["messages"]
    page = httpx.post(f"{console}/inbox/{mail['ID']}/feedback/{kind}").raise_for_status().text
    assert "FeedbackFunction gets it" in page
    history = eventually(
        lambda: [each for each in _history(samrun, order_id) if each["status"] == status],
        what=f"the mail about {order_id} to be {status}",
    )
    assert len(history) == 1


def test_the_command_of_the_readme_records_that_the_mail_of_the_example_bounced(samrun: OrderStack) -> None:
    example = samrun.http.get("/openapi.json").json()["paths"]["/orders"]["post"]["requestBody"]
    order = example["content"]["application/json"]["examples"]["ada"]["value"]
    order_id = samrun.place(order["payment"]["reference"], **order).json()["order_id"]
    _sent(samrun, order_id)
    guide = (ROOT / "docs/running-locally.md").read_text()
    [command] = (line for line in guide.splitlines() if "functions/FeedbackFunction" in line)
    curl, address, _, body = command.split()
    assert (curl, body[0]) == ("curl", "@")
    url = address.replace("http://127.0.0.1:3001", samrun.endpoints["lambda"])
    headers = {"content-type": "application/x-www-form-urlencoded"}  # as curl says of whatever it is given
    assert httpx.post(url, content=(ROOT / body[1:]).read_bytes(), headers=headers).text == "null"
    assert "bounced" in {notification["status"] for notification in _history(samrun, order_id)}


def test_only_support_staff_see_the_notifications_of_an_order(samrun: OrderStack) -> None:
    path = f"/orders/{samrun.place('pay-history').json()['order_id']}/notifications"
    assert samrun.get(path).status_code == httpx.codes.FORBIDDEN
    token = samrun.token(scope="orders:read:all orders:write")
    assert samrun.get(path, token=token).status_code == httpx.codes.FORBIDDEN


def test_the_page_of_docs_has_the_routes_of_all_functions(samrun: OrderStack) -> None:
    document = samrun.http.get("/openapi.json").json()
    assert {"/orders", "/orders/{order_id}/notifications"} <= document["paths"].keys()

"""Attacks over HTTP: each is refused, changes nothing, and leaves no customer and no token in a log.

The functions log at DEBUG here: a developer who looks for an error that way must not find customers in the log.
"""

import base64
import json
import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from functions.order.domain.order import order_id_for
from samrun.testing.waiting import eventually
from tests.project import copy_to
from tests.system.attackers import ATTACKER, CUSTOMERS, MISSING_ORDER, REASON, VICTIM, AttackedStack, forged, order
from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("attackers")

TEN_MB = 10 * 1024 * 1024


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedStack]:
    """A stack at DEBUG, with a cancelled and a paid order of the victim's and one of the attacker's, all published."""
    folder = tmp_path_factory.mktemp("attackers")
    project = copy_to(folder / "project")
    with (project / "parameters" / "this-machine.yaml").open("a") as parameters:
        parameters.write("LogLevel: DEBUG\n")
    stack = OrderStack(project, folder / "data")
    try:
        stack.wait_until_ready()
        world = AttackedStack(stack)
        cancelled = world.place(VICTIM, "pay-victim-cancelled")
        assert world.post(f"/orders/{cancelled}/cancellation", {"reason": REASON}).status_code == httpx.codes.OK
        world.place(VICTIM, "pay-victim")
        world.place(ATTACKER, "pay-attacker")
        eventually(lambda: len(stack.recipients()) == 4, what="four mails")
        eventually(lambda: not world.table.pending(), what="no event to be pending")
        yield world
        world.close()
    finally:
        stack.kill()


@pytest.fixture
def unharmed(world: AttackedStack) -> Iterator[None]:
    """Fail if the test changes an order, records one, or publishes anything."""
    before = world.state()
    yield
    assert world.state() == before


def refusals(world: AttackedStack, attempts: dict[str, Any], path: str) -> dict[str, int]:
    """Return the status that each body is answered with."""
    return {name: world.post(path, body).status_code for name, body in attempts.items()}


def all_of(attempts: dict[str, Any], status: int) -> dict[str, int]:
    return dict.fromkeys(attempts, status)


# ---------------------------------------------------------------- tokens


@pytest.mark.usefixtures("unharmed")
def test_no_forged_token_opens_anything(world: AttackedStack) -> None:
    tokens = forged(world)
    victims = order_id_for("pay-victim")
    for method, path, body in (
        ("GET", f"/orders/{victims}", None),
        ("GET", "/orders", None),
        ("POST", "/orders", order()),
        ("POST", f"/orders/{victims}/cancellation", {"reason": "Mine"}),
    ):
        answers = {name: world.request(method, path, token, json=body) for name, token in tokens.items()}
        assert {name: answer.status_code for name, answer in answers.items()} == all_of(tokens, 401), f"{method} {path}"
        assert {answer.text for answer in answers.values()} == {'{"message":"Unauthorized"}'}


@pytest.mark.usefixtures("unharmed")
def test_a_good_token_counts_in_its_place_only_and_once(world: AttackedStack) -> None:
    good = world.token(sub=VICTIM, scope="orders:write orders:read:all")
    bearer = ("authorization", f"Bearer {good}")
    path = f"/orders/{order_id_for('pay-victim')}"
    assert world.request("GET", path, good).status_code == httpx.codes.OK
    for name in ("access_token", "token", "authorization"):
        assert world.request("GET", f"{path}?{name}={good}").status_code == httpx.codes.UNAUTHORIZED
    other_places = [
        ("cookie", f"token={good}"),
        ("x-authorization", bearer[1]),
        ("x-amzn-remapped-authorization", good),
    ]
    for header in other_places:
        assert world.request("GET", path, headers=[header]).status_code == httpx.codes.UNAUTHORIZED
    for twice in ([bearer, bearer], [bearer, ("authorization", "Bearer x.y.z")], [("authorization", ""), bearer]):
        answer = world.request("GET", path, headers=twice)
        assert answer.status_code == httpx.codes.UNAUTHORIZED, twice[0][1][:10]


@pytest.mark.usefixtures("unharmed")
def test_token_without_the_scope_places_and_cancels_nothing(world: AttackedStack) -> None:
    scopes = ["", "orders:read:all", "orders:writer", "ORDERS:WRITE", "orders:write,orders:read:all", "orders:*", "*"]
    own = order_id_for("pay-attacker")
    for scope in scopes:
        token = world.token(scope=scope or None)
        placed = world.request("POST", "/orders", token, json=order())
        cancelled = world.request("POST", f"/orders/{own}/cancellation", token, json={"reason": "Mine"})
        assert (placed.status_code, cancelled.status_code) == (httpx.codes.FORBIDDEN, httpx.codes.FORBIDDEN), scope


# ---------------------------------------------------------------- other customers' orders

SUBJECTS = [
    VICTIM[:-1],
    VICTIM + "#",
    VICTIM + " ",
    VICTIM + "\x00",
    VICTIM.upper(),
    VICTIM.replace("o", "о"),  # noqa: RUF001 - Cyrillic
    VICTIM.replace("i", "i\u0307"),
    f"{VICTIM},{ATTACKER}",
    f"[{ATTACKER} {VICTIM}]",
    "",
    "\ud800",
    "*",
    "paid#0",
    "lease#relay",
    None,
    [VICTIM],
    "x" * 3000,
]


@pytest.mark.usefixtures("unharmed")
def test_nobody_but_the_customer_reads_the_order_or_finds_it(world: AttackedStack) -> None:
    victims = [order_id_for("pay-victim"), order_id_for("pay-victim-cancelled")]
    for subject in SUBJECTS:
        token = world.token(sub=subject)
        for order_id in victims:
            answer = world.request("GET", f"/orders/{order_id}", token)
            missing = world.request("GET", f"/orders/{MISSING_ORDER}", token)
            assert (answer.status_code, answer.text) == (httpx.codes.NOT_FOUND, missing.text), repr(subject)
        for query in ("", "?status=paid", "?status=cancelled", "?limit=100"):
            listed = world.request("GET", f"/orders{query}", token)
            assert (listed.status_code, listed.json()["orders"]) == (httpx.codes.OK, []), (repr(subject), query)
    listed = world.request("GET", "/orders", world.token(sub=VICTIM))
    assert {each["order_id"] for each in listed.json()["orders"]} == set(victims)


@pytest.mark.usefixtures("unharmed")
def test_a_caller_with_the_write_scope_cancels_no_order_of_somebody_else(world: AttackedStack) -> None:
    for subject in SUBJECTS:
        token = world.token(sub=subject, scope="orders:write")
        for order_id in (order_id_for("pay-victim"), order_id_for("pay-victim-cancelled")):
            for reason in ("Mine", REASON):
                body = {"reason": reason}
                answer = world.request("POST", f"/orders/{order_id}/cancellation", token, json=body)
                missing = world.request("POST", f"/orders/{MISSING_ORDER}/cancellation", token, json=body)
                assert (answer.status_code, answer.text) == (httpx.codes.NOT_FOUND, missing.text), repr(subject)


@pytest.mark.usefixtures("unharmed")
def test_an_id_of_no_order_is_not_found_whoever_asks(world: AttackedStack) -> None:
    reader = world.token(scope="orders:write orders:read:all")
    ids = [
        "lease#relay",
        "..",
        "../orders",
        "\x00",
        "%",
        "ord_",
        MISSING_ORDER.upper(),
        "ord_" + "a" * 3000,
        "٣",
        "a b",
    ]
    for order_id in ids:
        path = f"/orders/{quote(order_id, safe='')}"
        assert world.request("GET", path, reader).status_code == httpx.codes.NOT_FOUND, order_id[:20]
        cancelled = world.request("POST", f"{path}/cancellation", reader, json={"reason": "Mine"})
        assert cancelled.status_code == httpx.codes.NOT_FOUND, order_id[:20]


@pytest.mark.usefixtures("unharmed")
def test_a_cursor_leads_to_ones_own_orders_only(world: AttackedStack) -> None:
    [place] = [item["listed_at"] for item in world.table.orders() if item["payment_reference"] == "pay-victim"]
    stolen = base64.urlsafe_b64encode(place.encode()).decode()
    answer = world.request("GET", "/orders", world.customer, params={"cursor": stolen, "limit": 100})
    assert answer.status_code == httpx.codes.OK
    assert {each["customer_id"] for each in answer.json()["orders"]} <= {ATTACKER}
    garbage = ["x", "fg==", stolen[:-4], stolen + "A", "\x00", "é", '{"order_id":{"S":"x"}}', "A" * 5000, VICTIM]
    garbage += [base64.urlsafe_b64encode(text.encode()).decode() for text in ("~", place[:-1] + "1", VICTIM + place)]
    wrong = [{"cursor": cursor} for cursor in garbage]
    wrong += [{"limit": limit} for limit in ("0", "-1", "101", "1e9", "9" * 5000, "ten", "")]
    wrong += [{"status": status} for status in ("refunded", "PAID", "paid#0", "")]
    for query in wrong:
        answer = world.request("GET", "/orders", world.customer, params=query)
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, str(query)[:60]


# ---------------------------------------------------------------- bodies


@pytest.mark.usefixtures("unharmed")
def test_no_field_is_taken_that_is_not_the_callers_to_set(world: AttackedStack) -> None:
    extra = {
        "status": "cancelled",
        "total": "0.01",
        "owner": ATTACKER,
        "order_id": MISSING_ORDER,
        "created_at": "2020-01-01T00:00:00.000Z",
        "pending": [],
        "unpublishable": {},
        "__proto__": {"total": "0.01"},
    }
    bodies: dict[str, Any] = {}
    for name, value in extra.items():
        body = order()
        bodies[name] = body | {name: value}
        bodies[f"customer/{name}"] = body | {"customer": body["customer"] | {name: value}}
        bodies[f"items/0/{name}"] = body | {"items": [body["items"][0] | {name: value}]}
        bodies[f"payment/{name}"] = body | {"payment": body["payment"] | {name: value}}
    for pointer, body in bodies.items():
        answer = world.post("/orders", body)
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, pointer
        assert [error["field"] for error in answer.json()["errors"]] == [f"/{pointer}"]
    cancellations = {name: {"reason": "Mine", name: value} for name, value in extra.items()}
    path = f"/orders/{order_id_for('pay-attacker')}/cancellation"
    assert refusals(world, cancellations, path) == all_of(cancellations, 422)


@pytest.mark.usefixtures("unharmed")
def test_bodies_that_are_too_large_or_too_deep_are_refused(world: AttackedStack) -> None:
    def padded(size: int) -> bytes:
        body = json.dumps(order()).encode()
        return body + b" " * (size - len(body))

    bodies: dict[str, tuple[Any, int]] = {
        "over the function's limit": (padded(256 * 1024 + 1), 413),
        "over Lambda's payload": (padded(7 * 1024 * 1024), 413),
        "as large as the gateway takes": (padded(TEN_MB), 413),
        "over the gateway's limit": (padded(TEN_MB + 1), 413),
        "deep": (b"[" * 100_000, 400),
        "deep and whole": (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, 400),
        "deep in a field": (order(name=json.loads("[" * 500 + "]" * 500)), 422),
        "a thousand items": (order() | {"items": order()["items"] * 1000}, 422),
        "a number that is none": (json.dumps(order()).replace(": 2,", ": NaN,").encode(), 400),
        "a number without end": (json.dumps(order()).replace(": 2,", f": {'9' * 5000},").encode(), 400),
        "no number but infinity": (json.dumps(order()).replace(": 2,", ": 1e999,").encode(), 422),
        "not UTF-8": (json.dumps(order()).encode("utf-16"), 400),
        "nothing": (b"", 422),
        "null": (b"null", 422),
        "a list": ([order()], 422),
    }
    paths = ("/orders", f"/orders/{order_id_for('pay-attacker')}/cancellation")
    for path in paths:
        answers = {name: world.post(path, body).status_code for name, (body, _) in bodies.items()}
        assert answers == {name: status for name, (_, status) in bodies.items()}, path
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml", "*/*"):
        assert world.post("/orders", order(), content_type=content_type).status_code == 415


CONTROLS = [
    "\x00",
    "\n",
    "\r\nBcc: a@attacker.example\r\n",
    "\x1b[2J",
    "\x7f",
    "\x85",
    "\u2028",
    "\ud800",
    "\udc00\ud800",
]


@pytest.mark.usefixtures("unharmed")
def test_no_text_field_takes_control_characters_or_halves_of_surrogate_pairs(world: AttackedStack) -> None:
    places = [
        ("customer", "id"),
        ("customer", "name"),
        ("customer", "email"),
        ("customer", "phone"),
        ("customer", "locale"),
        ("items", 0, "sku"),
        ("items", 0, "name"),
        ("items", 0, "unit_price"),
        ("currency",),
        ("payment", "reference"),
    ]
    for place in places:
        for control in CONTROLS:
            body: Any = order()
            body["customer"]["locale"] = "en"
            *way, last = place
            target = body
            for step in way:
                target = target[step]
            target[last] = target[last] + control
            answer = world.post("/orders", body)
            assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, (place, control)
            pointer = "".join(f"/{step}" for step in place)
            assert pointer in [error["field"] for error in answer.json()["errors"]], control
    path = f"/orders/{order_id_for('pay-attacker')}/cancellation"
    reasons = {repr(control): {"reason": f"Mine{control}"} for control in CONTROLS}
    assert refusals(world, reasons, path) == all_of(reasons, 422)


@pytest.mark.usefixtures("unharmed")
def test_another_order_for_a_victims_payment_tells_nothing_of_it(world: AttackedStack) -> None:
    answer = world.post("/orders", order("pay-victim"))
    assert answer.status_code == httpx.codes.CONFLICT
    victim = {VICTIM, *CUSTOMERS[VICTIM].values(), order_id_for("pay-victim"), "25.00", "Notes on the Engine"}
    assert [text for text in victim if text in f"{answer.headers}{answer.text}"] == []
    cancelled = world.post(f"/orders/{order_id_for('pay-victim-cancelled')}/cancellation", {"reason": "Mine"})
    assert cancelled.status_code == httpx.codes.CONFLICT
    assert REASON not in cancelled.text


# ---------------------------------------------------------------- headers


def test_a_trace_that_is_none_goes_into_no_event_and_no_log(world: AttackedStack) -> None:
    evil = {
        "long": "00-" + "a" * 8000,
        "injected": '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","level":"ERROR',
        "zero": f"00-{'0' * 32}-{'0' * 16}-01",
        "capitals": "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
    }
    for name, trace in evil.items():
        world.place(ATTACKER, f"pay-trace-{name}", traceparent=trace)
    traces = {
        item["traceparent"] for item in world.table.orders() if item["payment_reference"].startswith("pay-trace-")
    }
    assert len(traces) == len(evil)
    for trace in traces:
        assert re.fullmatch("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", trace), trace
    assert not traces & set(evil.values())


@pytest.mark.usefixtures("unharmed")
def test_a_header_that_goes_over_two_lines_is_refused_or_is_two(world: AttackedStack) -> None:
    api = httpx.URL(world.stack.endpoints["api"])
    request = (
        "POST /orders HTTP/1.1\r\n"
        f"host: {api.host}\r\n"
        "connection: close\r\n"
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736\r\n -00f067aa0ba902b7-01\r\n"
        "x-note: a\nauthorization: Bearer x.y.z\r\n"
        "content-length: 2\r\n\r\n{}"
    )
    assert api.port is not None
    with socket.create_connection((api.host, api.port), timeout=30) as connection:
        connection.sendall(request.encode())
        status = connection.makefile("rb").readline()
    assert re.match(rb"HTTP/1.1 40[01] ", status), status


# ---------------------------------------------------------------- and afterwards


def test_no_log_names_a_customer_or_contains_a_token(world: AttackedStack) -> None:
    forged(world)
    order_id = world.place(VICTIM, "pay-last")
    # It comes last: what was logged before it is there, too.
    eventually(lambda: any("notification sent" in line for line in world.stack.logged(order_id)), what="the last mail")
    logs = world.logs()
    for found in (order_id, order_id_for("pay-victim"), order_id_for("pay-victim-cancelled"), '"OrdersRecorded"'):
        assert found in logs, "the search finds what is there"
    texts = {REASON, "Quixley", "Überfall"}
    texts |= {text for customer in CUSTOMERS.values() for text in (*customer.values(), customer["name"].split()[0])}
    texts |= {json.dumps(text)[1:-1] for text in texts} | {quote(text) for text in texts}
    assert [text for text in sorted(texts) if text in logs] == []
    parts = {piece for token in world.tokens for piece in token.split(".")[1:] if len(piece) > 20}
    assert len(parts) > len(world.tokens)
    assert [piece for piece in sorted(parts) if piece in logs] == []

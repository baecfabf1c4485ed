"""Peers of the benchmarks, benchmarks/peers/: each pair takes an order and mails it, on a real broker."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from benchmarks.peers.node_pair import PEERS, NodePair, new_order, running_pair
from samrun.testing.dynamodb import Table
from samrun.testing.waiting import eventually
from tests.node import needs_node
from tests.project import ROOT
from tests.system.order_stack import OrderStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Literal

NEEDS_NODE = needs_node(PEERS, "kafkajs")
pytestmark = [NEEDS_NODE, pytest.mark.processes, pytest.mark.xdist_group("peers")]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderStack]:
    data = tmp_path_factory.mktemp("peers") / "data"
    with OrderStack(ROOT, data, command="services") as stack:
        yield stack


def post(pair: NodePair, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(f"{pair.url}/orders", json=body, trust_env=False)


def items(stack: OrderStack, table: str) -> list[dict[str, Any]]:
    with closing(Table(stack.endpoints["dynamodb"], table)) as opened:
        return opened.scan()


def mails_to(stack: OrderStack, address: str) -> list[dict[str, Any]]:
    return [mail for mail in stack.mails() if mail["To"][0]["Address"] == address]


def test_plain_pair_answers_and_mails(stack: OrderStack, tmp_path: Path) -> None:
    with running_pair("plain", stack.endpoints, tmp_path) as pair:
        answers = [post(pair, new_order(f"plain-{number}")) for number in range(3)]
        assert [answer.status_code for answer in answers] == [201] * 3
        mail = stack.wait_for_mail(to="plain-2@example.com")
        assert "Notes on the Engine: 12.50" in mail.text
        assert answers[2].json()["order_id"] in mail.subject


def test_storing_pair_stores_an_order_once_and_mails_it_once(stack: OrderStack, tmp_path: Path) -> None:
    with running_pair("storing", stack.endpoints, tmp_path) as pair:
        first, repeated = post(pair, new_order("stored")), post(pair, new_order("stored"))
        assert (first.status_code, repeated.status_code) == (201, 200)
        assert first.json() == repeated.json()
        stack.wait_for_mail(to="stored@example.com")
        eventually(
            lambda: [entry["status"] for entry in items(stack, f"{pair.topic}-notifications")] == ["sent"],
            what="the mark",
        )
        assert [each["order_id"] for each in items(stack, f"{pair.topic}-orders")] == [first.json()["order_id"]]
        assert len(mails_to(stack, "stored@example.com")) == 1


@pytest.mark.parametrize("name", ["plain", "storing"])
def test_order_that_is_no_json_is_refused(name: Literal["plain", "storing"], stack: OrderStack, tmp_path: Path) -> None:
    with running_pair(name, stack.endpoints, tmp_path) as pair:
        assert httpx.post(f"{pair.url}/orders", content=b"{", trust_env=False).status_code == 400

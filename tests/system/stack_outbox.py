"""The outbox of a running stack: its relay, its table and its functions' logs."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from functions.order.outbox.relay import MIN_AGE
from samrun.testing.waiting import eventually
from tests.system.order_stack import OrderStack
from tests.system.orders_table import OrdersTable

_PAUSED = "Kafka failed less than 10 s ago"


class StackOutbox:
    """The pending events of the orders of `stack`, and what the functions have logged about them."""

    def __init__(self, stack: OrderStack) -> None:
        self._stack = stack
        self._logs = stack.data / "logs" / "functions"
        self._table = OrdersTable(stack.endpoints["dynamodb"])

    def close(self) -> None:
        """Close its connections."""
        self._table.close()

    def relay_all(self) -> None:
        """Invoke the relay, once the pending events are old enough for it, until none is left.

        The stack itself invokes the relay each minute; while that one works, ours does nothing.
        """
        marked = [datetime.fromisoformat(order["pending_since"]) for order in self._table.pending()]
        due = max(marked, default=datetime.now(UTC)) + MIN_AGE
        eventually(lambda: datetime.now(UTC) > due, what="the marks to be as old as the relay wants them")
        eventually(self._is_emptied, what="the relay to publish the pending events")
        assert self._table.pending() == []

    def _is_emptied(self) -> bool:
        self._stack.invoke("RelayFunction", {})
        return not self._table.index()

    def waited_for(self) -> list[str]:
        """Return the orders whose events the order function tried to publish, and deferred."""
        deferred = self._logged("OrderFunction", "event deferred")
        return [line["order_id"] for line in deferred if line["reason"] != _PAUSED]

    def deferred(self) -> list[str]:
        """Return the orders whose events the order function deferred, whether it tried to publish them or not."""
        return [line["order_id"] for line in self._logged("OrderFunction", "event deferred")]

    def ambiguous(self) -> Mapping[str, Mapping[str, int]]:
        """Return how often each order's events were sent without an acknowledgement, by order and type."""
        lines = [
            line for line in self._logged("OrderFunction", "event deferred") if line["reason"] != _PAUSED
        ] + self._logged("RelayFunction", "event deferred")
        counted: dict[str, Counter[str]] = {}
        for line in lines:
            counted.setdefault(line["order_id"], Counter())[line["event_type"]] += 1
        return counted

    def _logged(self, function: str, message: str) -> list[dict[str, Any]]:
        log = self._logs / f"{function}.log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [json.loads(line) for line in lines if f'"message":"{message}"' in line]

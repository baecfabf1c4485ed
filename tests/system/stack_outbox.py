"""The outbox of a running stack: its relay invoked, its table looked at, and its functions' logs read."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from functions.order.drain import LEAST_AGE
from local.services import CREDENTIALS
from tests.system.orders_table import OrdersTable
from tests.system.running import RunningStack, eventually

_PAUSED = "Kafka failed less than 10 s ago"


class StackOutbox:
    """What of the orders of `stack` is still to be published, and what the functions say of it."""

    def __init__(self, stack: RunningStack) -> None:
        self._logs = stack.data / "logs"
        self._table = OrdersTable(stack.endpoints["dynamodb"])
        self._lambda: Any = boto3.client(
            "lambda",
            endpoint_url=stack.endpoints["lambda"],
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}, read_timeout=70),
        )

    def close(self) -> None:
        """Close its connections."""
        self._table.close()
        self._lambda.close()

    def empty(self) -> None:
        """Have the relay publish what pends, as soon as that is old enough for it, until nothing is left.

        The relay that the stack itself invokes each minute may be at work, and ours then does nothing.
        """
        marked = [datetime.fromisoformat(order["pending_since"]) for order in self._table.pending()]
        due = max(marked, default=datetime.now(UTC)) + LEAST_AGE
        eventually(lambda: datetime.now(UTC) > due, what="the marks to be as old as the relay wants them")
        eventually(self._is_emptied, what="the relay to publish what pends")
        assert self._table.pending() == []

    def _is_emptied(self) -> bool:
        answer = self._lambda.invoke(FunctionName="RelayFunction")
        assert "FunctionError" not in answer, answer["Payload"].read()
        return not self._table.index()

    def waited_for(self) -> list[str]:
        """Return the orders for whose events the order function waited in vain."""
        deferred = self._logged("OrderFunction", "event deferred")
        return [line["order_id"] for line in deferred if line["reason"] != _PAUSED]

    def deferred(self) -> list[str]:
        """Return the orders of which an event was left to the relay, whether it was tried or not."""
        return [line["order_id"] for line in self._logged("OrderFunction", "event deferred")]

    def ambiguous(self) -> Mapping[str, Mapping[str, int]]:
        """Return how often each order's events were sent without an acknowledgement, by order and type."""
        lines = [
            line for line in self._logged("OrderFunction", "event deferred") if line["reason"] != _PAUSED
        ] + self._logged("RelayFunction", "event left")
        counted: dict[str, Counter[str]] = {}
        for line in lines:
            counted.setdefault(line["order_id"], Counter())[line["event_type"]] += 1
        return counted

    def _logged(self, function: str, message: str) -> list[dict[str, Any]]:
        log = self._logs / f"{function}.log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [json.loads(line) for line in lines if f'"message":"{message}"' in line]

"""Send the notification of one event again: python -m tools.resend ORDER_ID --stack STACK [--cancelled] [--dry-run].

Nobody has to read Kafka for it: the order's item has everything that is in its events, and an event is the same, byte
for byte, whenever it is built. The tool invokes the notify function with a record of the event and the header
`replay`. The ledger decides: notify sends a notification that was held or has failed, and none that was sent.

The ledger forgets a notification 30 days after its last change. So an older event is refused: with `--force` it is
sent, and the customer may get it twice. An erased order is refused, too: its event has no address any more.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.notify.domain.decisions import MAX_AGE_OF_REPLAY
from functions.notify.notifying.delivery import FORCED_REPLAY
from functions.order.domain.events import NoSuchEventError, event_of
from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID
from functions.order.storage.order_item import order_of
from samrun import UserError
from tools.stack_outputs import stack_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.order.domain.order import Order

# The client must not repeat an invocation, because it cannot know the result of the first. Seconds.
_ONCE = Config(read_timeout=50, retries={"mode": "standard", "total_max_attempts": 1})


class ResendError(UserError):
    """The notification was not sent again; the message says why."""


class TableClient(Protocol):
    """Client that reads items, such as boto3's client of DynamoDB."""

    def get_item(self, *, TableName: str, Key: Mapping[str, Any], ConsistentRead: bool) -> Mapping[str, Any]:  # noqa: N803 - boto3's names
        """Return the `Item` with the key, if there is one."""
        ...


class LambdaClient(Protocol):
    """Client that invokes functions, such as boto3's client of Lambda."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Mapping[str, Any]:  # noqa: N803 - boto3's names
        """Invoke a function; return `Payload`, a stream, and `FunctionError` if it failed."""
        ...


@dataclass(frozen=True, kw_only=True)
class Resend:
    """The table of orders and the notify function of a stack."""

    tables: TableClient
    functions: LambdaClient
    table: str
    function: str

    def record(self, order_id: str, event_type: str, *, now: datetime, force: bool = False) -> dict[str, Any]:
        """Return the record of an order's event, as the mapping would deliver it, to be replayed. Raises ResendError.

        With `force`, the event may be older than what the ledger remembers. The partition is -1: no record of Kafka has
        that, so that nobody looks for it there.
        """
        found = self.tables.get_item(TableName=self.table, Key={"order_id": {"S": order_id}}, ConsistentRead=True)
        if "Item" not in found:
            raise ResendError(f"The table {self.table} has no order {order_id}.")
        order = order_of(found["Item"])
        if order.erased_at:
            raise ResendError(f"The personal data of {order_id} was erased: its event has no address any more.")
        try:
            event = event_of(order, event_type)
        except NoSuchEventError as error:
            raise ResendError(f"{error}.") from error
        if now - _time_of(order, event_type) > MAX_AGE_OF_REPLAY and not force:
            raise ResendError(
                f"The {event_type} of {order_id} is older than {MAX_AGE_OF_REPLAY.days} days: the ledger may have"
                " forgotten that its notification was sent. Ask the customer, and send it with --force."
            )
        headers = [*event.headers, ("replay", FORCED_REPLAY if force else b"true")]
        return {
            "topic": "resend",
            "partition": -1,
            "offset": 0,
            "key": base64.b64encode(event.key.encode()).decode(),
            "value": base64.b64encode(event.value).decode(),
            "headers": [{name: list(value)} for name, value in headers],
        }

    def send(self, record: Mapping[str, Any]) -> None:
        """Invoke the notify function with a record. Raises ResendError."""
        event = {"eventSource": "SelfManagedKafka", "bootstrapServers": "", "records": {"resend--1": [record]}}
        answer = self.functions.invoke(FunctionName=self.function, Payload=json.dumps(event).encode())
        payload = answer["Payload"].read()
        if answer.get("FunctionError") or json.loads(payload).get("batchItemFailures") != []:
            raise ResendError(f"{self.function} could not send it now; its log says why. You may try again.")


def _time_of(order: Order, event_type: str) -> datetime:
    if event_type == ORDER_CANCELLED and order.cancellation:
        return order.cancellation.cancelled_at
    return order.created_at


def of_stack(stack: str, region: str | None) -> Resend:
    """Return the table and the function of a CloudFormation stack. Raises StackOutputsError."""
    session = boto3.Session(region_name=region)
    outputs = stack_outputs(session, stack, {"OrdersTableName", "NotifyFunctionName"})
    return Resend(
        tables=session.client("dynamodb"),
        functions=session.client("lambda", config=_ONCE),
        table=outputs["OrdersTableName"],
        function=outputs["NotifyFunctionName"],
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Send the notification again; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.resend", description=__doc__)
    parser.add_argument("order_id", metavar="ORDER_ID", help="such as ord_a7yuqahkcwyojza3z7chx7dkkq")
    parser.add_argument("--stack", required=True, help="name of the stack in AWS")
    parser.add_argument("--region", help="its region, if not the environment's")
    parser.add_argument("--cancelled", action="store_true", help="about the cancellation, instead of the payment")
    parser.add_argument(
        "--force",
        action="store_true",
        help=f"also if the event is older than {MAX_AGE_OF_REPLAY.days} days; the customer may get its mail twice",
    )
    parser.add_argument("--dry-run", action="store_true", help="build the record, and send nothing")
    options = parser.parse_args(arguments)
    event_type = ORDER_CANCELLED if options.cancelled else ORDER_PAID
    try:
        resend = of_stack(options.stack, options.region)
        record = resend.record(options.order_id, event_type, now=datetime.now(UTC), force=options.force)
        if not options.dry_run:
            resend.send(record)
    except (UserError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    done = "would be sent" if options.dry_run else "was processed"
    print(f"{event_type} of {options.order_id} {done}. GET /orders/{options.order_id}/notifications shows its status.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

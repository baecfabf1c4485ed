"""Bill of a month: each line is a quantity of something at its price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tools.cost.declared import Declared
    from tools.cost.prices import Price, PriceList

HOURS = Decimal(730)  # of a month
DAYS = HOURS / 24
POLLERS_OF_A_UNIT = 10  # pollers that one event poller unit holds
GB = Decimal(10**9)

# ---------------------------------------------------------------- assumptions about use; docs/cost.md lists them
REQUESTS_OF_AN_ORDER = 2  # it is placed, and read once
SECONDS_OF_A_REQUEST = Decimal("0.05")
SECONDS_OF_A_MAIL = Decimal("0.1")  # one record an invocation: a peak has more, and costs less for each
SECONDS_OF_FEEDBACK = Decimal("0.03")
SECONDS_OF_AN_IDLE_RELAY = Decimal("0.1")
WRITES_OF_AN_ORDER = 6  # as docs/scaling.md counts them
WRITES_OF_A_MAIL = 3  # the claim, the mark, SES's feedback
READS_OF_AN_ORDER = 1
WRITES_OF_A_RELAY_RUN = 2  # its lease
READS_OF_A_RELAY_RUN = 8  # 16 shards, eventually consistent
BYTES_OF_AN_ORDER_IN_DYNAMODB = 2500  # the item, its index entries, and the ledger's entry
BYTES_OF_AN_EVENT = 2000
BYTES_OF_AN_ORDERS_LOGS = 6000
BYTES_OF_A_RELAY_RUNS_LOGS = 1500
METRICS_OF_AN_IDLE_SYSTEM = 3  # the relay's
METRICS_OF_A_BUSY_SYSTEM = 25  # about all that the functions have
DAYS_OF_A_TOPIC = 7


@dataclass(frozen=True, kw_only=True)
class Line:
    """Line of a bill."""

    text: str
    quantity: Decimal
    price: Price

    @property
    def usd(self) -> Decimal:
        """The amount."""
        return self.quantity * self.price.usd


def total(lines: Iterable[Line]) -> Decimal:
    """Return the sum of lines."""
    return sum((line.usd for line in lines), Decimal())


def bill(declared: Declared, prices: PriceList, orders_per_day: int) -> Sequence[Line]:
    """Return the lines of a month with so many orders, each with one mail; those of 0 orders are the idle system's."""
    return [
        *_kafka(declared, prices),
        *_functions(declared, prices, orders_per_day * DAYS),
        *_data(prices, orders_per_day * DAYS),
        *_operation(declared, prices, orders_per_day * DAYS),
    ]


def kafka_choices(declared: Declared, prices: PriceList, orders_per_day: int) -> Iterator[tuple[str, Decimal]]:
    """Yield each kind of cluster that MSK has for this load, and the price of its month, without the pollers."""
    written = orders_per_day * DAYS * BYTES_OF_AN_EVENT / GB
    stored = orders_per_day * DAYS_OF_A_TOPIC * BYTES_OF_AN_EVENT / GB
    disks = declared.brokers * declared.gigabytes_of_a_disk * prices["msk_storage"].usd
    for kind in ("kafka.t3.small", "kafka.m5.large", "kafka.m7g.large"):
        yield f"{declared.brokers} brokers {kind}", declared.brokers * HOURS * prices[kind].usd + disks
    express = declared.brokers * HOURS * prices["express.m7g.large"].usd
    used = written * prices["msk_express_data_in"].usd + stored * prices["msk_express_storage"].usd
    yield f"{declared.brokers} brokers express.m7g.large", express + used
    cluster = prices["msk_serverless_cluster"].usd + declared.partitions * prices["msk_serverless_partition"].usd
    used = (
        written * (prices["msk_serverless_data_in"].usd + prices["msk_serverless_data_out"].usd)
        + stored * prices["msk_serverless_storage"].usd
    )
    yield f"Serverless, {declared.partitions} partitions", HOURS * cluster + used


def text_messages(prices: PriceList, messages_per_day: int) -> tuple[Decimal, Decimal]:
    """Return the lowest and the highest price of a month of text messages with one segment each."""
    month = messages_per_day * DAYS
    return month * prices["text_message_low"].usd, month * prices["text_message_high"].usd


def tokens(prices: PriceList, tokens_per_day: int) -> Decimal:
    """Return the price of a month of Cognito's tokens for machines."""
    return tokens_per_day * DAYS * prices["cognito_token"].usd


def _kafka(declared: Declared, prices: PriceList) -> Iterator[Line]:
    brokers = Decimal(declared.brokers)
    yield Line(
        text=f"{declared.brokers} brokers {declared.broker_type}",
        quantity=brokers * HOURS,
        price=prices[declared.broker_type],
    )
    yield Line(
        text=f"their disks of {declared.gigabytes_of_a_disk} GB",
        quantity=brokers * declared.gigabytes_of_a_disk,
        price=prices["msk_storage"],
    )
    units = -(-declared.minimum_pollers // POLLERS_OF_A_UNIT)
    yield Line(
        text=f"pollers, {units} event poller unit{'s' if units > 1 else ''}",
        quantity=units * HOURS,
        price=prices["event_poller_unit"],
    )
    if declared.endpoints:
        yield Line(
            text="interface endpoints of Lambda and STS",
            quantity=declared.endpoints * HOURS,
            price=prices["interface_endpoint"],
        )


def _functions(declared: Declared, prices: PriceList, orders: Decimal) -> Iterator[Line]:
    runs = HOURS * 60
    invocations = {
        "OrderFunction": (orders * REQUESTS_OF_AN_ORDER, SECONDS_OF_A_REQUEST),
        "RelayFunction": (runs, SECONDS_OF_AN_IDLE_RELAY),
        "NotifyFunction": (orders, SECONDS_OF_A_MAIL),
        "FeedbackFunction": (orders, SECONDS_OF_FEEDBACK),
    }
    yield Line(
        text="Lambda, duration",
        quantity=sum(
            (count * seconds * declared.gigabytes[name] for name, (count, seconds) in invocations.items()), Decimal()
        ),
        price=prices[f"lambda_gb_second_{declared.architecture}"],
    )
    yield Line(
        text="Lambda, invocations",
        quantity=sum((count for count, _ in invocations.values()), Decimal()),
        price=prices["lambda_request"],
    )


def _data(prices: PriceList, orders: Decimal) -> Iterator[Line]:
    runs = HOURS * 60
    yield Line(text="HTTP API", quantity=orders * REQUESTS_OF_AN_ORDER, price=prices["http_api_request"])
    yield Line(
        text="DynamoDB, writes",
        quantity=orders * (WRITES_OF_AN_ORDER + WRITES_OF_A_MAIL) + runs * WRITES_OF_A_RELAY_RUN,
        price=prices["dynamodb_write"],
    )
    yield Line(
        text="DynamoDB, reads",
        quantity=orders * READS_OF_AN_ORDER + runs * READS_OF_A_RELAY_RUN,
        price=prices["dynamodb_read"],
    )
    stored = orders * BYTES_OF_AN_ORDER_IN_DYNAMODB / GB
    yield Line(text="DynamoDB, storage of a month's orders", quantity=stored, price=prices["dynamodb_storage"])
    yield Line(text="DynamoDB, point-in-time recovery", quantity=stored, price=prices["dynamodb_recovery"])
    yield Line(text="SES, mails", quantity=orders, price=prices["ses_mail_essentials"])


def _operation(declared: Declared, prices: PriceList, orders: Decimal) -> Iterator[Line]:
    written = (orders * BYTES_OF_AN_ORDERS_LOGS + HOURS * 60 * BYTES_OF_A_RELAY_RUNS_LOGS) / GB
    metrics = METRICS_OF_A_BUSY_SYSTEM if orders else METRICS_OF_AN_IDLE_SYSTEM
    yield Line(text="logs, written", quantity=written, price=prices["log_ingestion"])
    yield Line(text="logs, stored for a month", quantity=written, price=prices["log_storage"])
    yield Line(text=f"{metrics} metrics", quantity=Decimal(metrics), price=prices["metric"])
    yield Line(text=f"alarms on {declared.alarms} metrics", quantity=Decimal(declared.alarms), price=prices["alarm"])
    yield Line(text="dashboard", quantity=Decimal(declared.dashboards), price=prices["dashboard"])
    yield Line(text=f"{declared.keys} keys of KMS", quantity=Decimal(declared.keys), price=prices["kms_key"])

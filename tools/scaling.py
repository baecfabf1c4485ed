"""Limits of an order's path: the orders a second at which each binds. python -m tools.scaling [--orders-per-second N].

--write writes the table of docs/scaling.md, and --check fails if it is not up to date.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.cost.bill import (
    BYTES_OF_AN_EVENT,
    DAYS_OF_A_TOPIC,
    REQUESTS_OF_AN_ORDER,
    SECONDS_OF_A_REQUEST,
    WRITES_OF_A_MAIL,
    WRITES_OF_AN_ORDER,
)
from tools.generated_file import write_or_check
from tools.page import markdown_table, with_tables
from tools.table import table
from tools.templates import KAFKA, SYSTEM, default_of, load_template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAGE = Path(__file__).parents[1] / "docs/scaling.md"
RATES = (10, 1_000, 10_000)  # orders a second
DEFAULT_RATE = 10.0
DAY = 24 * 60 * 60

# https://aws.amazon.com/blogs/messaging-and-targeting/ (All about SES daily quota); see `aws sesv2 get-account`
MAILS_A_DAY = 50_000
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONCURRENCY, CONCURRENCY_OF_A_NEW_ACCOUNT = 1_000, 10
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html and ServiceQuotas.html
WRITES_OF_A_NEW_TABLE, WRITES_OF_A_TABLE, WRITES_OF_A_PARTITION = 4_000, 40_000, 1_000
# https://docs.aws.amazon.com/msk/latest/developerguide/limits.html, with IAM
CONNECTIONS, NEW_CONNECTIONS_A_SECOND, NEW_CONNECTIONS_OF_T3 = 3_000, 100, 4
# https://docs.aws.amazon.com/lambda/latest/dg/kafka-scaling-modes.html
BYTES_OF_A_POLLER = 5_000_000  # a second
# docs/scaling.md, Sending: 0.58 of a processor, 9 ms for a mail
MAILS_OF_AN_ENVIRONMENT = 64  # a second
# functions/order/storage/order_item.py
STATUS_SHARDS, PENDING_SHARDS = 4, 16
WRITES_OF_PENDING = 2
WRITES_OF_THE_ITEM = 2  # recorded, marked


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit, what the defaults have of it, and what one order a second needs."""

    name: str
    has: float
    needs: float
    unit: str
    change: str

    @property
    def binds_at(self) -> float:
        """The orders a second that use all of it."""
        return self.has / self.needs

    def need(self, rate: float) -> float:
        """Return what so many orders a second need."""
        return self.needs * rate


def limits(system: Path = SYSTEM, kafka: Path = KAFKA) -> Sequence[Limit]:
    """Return the limits of a deployment with the templates' defaults; the one that binds first is the first."""
    template, cluster = load_template(system), load_template(kafka)
    small = default_of(cluster, "BrokerType").startswith("kafka.t3.")
    found = [
        *_of_mails(template, cluster),
        *_of_the_api(template),
        *_of_the_tables(),
        *_of_kafka(template, cluster, new_connections=NEW_CONNECTIONS_OF_T3 if small else NEW_CONNECTIONS_A_SECOND),
    ]
    return sorted(found, key=lambda limit: limit.binds_at)


def _of_mails(template: Mapping[str, object], cluster: Mapping[str, object]) -> Sequence[Limit]:
    return [
        Limit(
            name="SES, mails in 24 hours",
            has=MAILS_A_DAY,
            needs=DAY,
            unit="mails a day",
            change="a higher quota of SES; only if the rate lasts all day",
        ),
        Limit(
            name="SES, mails a second",
            has=float(default_of(template, "MailsPerSecond")),
            needs=1,
            unit="mails/s",
            change="a higher rate of SES, then `MailsPerSecond`; until then the topic buffers a peak",
        ),
        Limit(
            name="notify, one environment for each partition",
            has=float(default_of(cluster, "Partitions")) * MAILS_OF_AN_ENVIRONMENT,
            needs=1,
            unit="mails/s",
            change="partitions, then `NotifyEnvironments` and `MaximumPollers`",
        ),
        Limit(
            name="NotificationsTable, when it is new",
            has=WRITES_OF_A_NEW_TABLE,
            needs=WRITES_OF_A_MAIL,
            unit="writes/s",
            change="warm throughput before a sale",
        ),
    ]


def _of_the_api(template: Mapping[str, object]) -> Sequence[Limit]:
    return [
        Limit(
            name="API, `RequestsPerSecond`",
            has=float(default_of(template, "RequestsPerSecond")),
            needs=REQUESTS_OF_AN_ORDER,
            unit="requests/s",
            change="`RequestsPerSecond`, up to 5,000; above that, a quota of API Gateway",
        ),
        Limit(
            name="Lambda, concurrency of a new account",
            has=CONCURRENCY_OF_A_NEW_ACCOUNT,
            needs=float(REQUESTS_OF_AN_ORDER * SECONDS_OF_A_REQUEST),
            unit="environments",
            change="a quota of Lambda; ask for it before customers come",
        ),
        Limit(
            name="Lambda, concurrency",
            has=CONCURRENCY,
            needs=float(REQUESTS_OF_AN_ORDER * SECONDS_OF_A_REQUEST),
            unit="environments",
            change="a quota of Lambda",
        ),
    ]


def _of_the_tables() -> Sequence[Limit]:
    return [
        Limit(
            name="OrdersTable and its index `pending`, when they are new",
            has=WRITES_OF_A_NEW_TABLE,
            needs=WRITES_OF_THE_ITEM,
            unit="writes/s",
            change="warm throughput before a sale",
        ),
        Limit(
            name="index `by_status`",
            has=STATUS_SHARDS * WRITES_OF_A_PARTITION,
            needs=1,
            unit="writes/s",
            change="`STATUS_SHARDS` in the code",
        ),
        Limit(
            name="index `pending`",
            has=PENDING_SHARDS * WRITES_OF_A_PARTITION,
            needs=WRITES_OF_PENDING,
            unit="writes/s",
            change="`PENDING_SHARDS` in the code",
        ),
        Limit(
            name="OrdersTable, quota of a table with its indexes",
            has=WRITES_OF_A_TABLE,
            needs=WRITES_OF_AN_ORDER,
            unit="writes/s",
            change="a quota of DynamoDB",
        ),
    ]


def _of_kafka(
    template: Mapping[str, object], cluster: Mapping[str, object], *, new_connections: int
) -> Sequence[Limit]:
    maximum = default_of(cluster, "MaximumVolumeGigabytes")
    return [
        Limit(
            name="brokers, disk for seven days",
            has=float(default_of(cluster, "VolumeGigabytes")),
            # Each broker has a copy of every record.
            needs=BYTES_OF_AN_EVENT * DAYS_OF_A_TOPIC * DAY / 10**9,
            unit="GB",
            change=f"MSK enlarges them up to `MaximumVolumeGigabytes`, {maximum} GB; then that, or a shorter retention",
        ),
        Limit(
            name="brokers, new connections of a jump from nothing",
            has=new_connections,
            needs=1,
            unit="connections/s",
            change="larger brokers; the relay publishes the orders that could not connect",
        ),
        Limit(
            name="brokers, connections",
            has=CONNECTIONS,
            needs=float(REQUESTS_OF_AN_ORDER * SECONDS_OF_A_REQUEST),
            unit="connections",
            change="more brokers",
        ),
        Limit(
            name="pollers, `MaximumPollers`",
            has=float(default_of(template, "MaximumPollers")) * BYTES_OF_A_POLLER / 10**6,
            needs=BYTES_OF_AN_EVENT / 10**6,
            unit="MB/s",
            change="`MaximumPollers`",
        ),
    ]


def limits_table(found: Sequence[Limit], rates: Sequence[int] = RATES) -> str:
    """Return the limits as a table of Markdown. What exceeds the defaults is bold."""
    head = ("limit", "by default", "binds at, orders/s", *(f"needed at {rate:,}/s" for rate in rates), "what to change")
    rows = [
        (
            limit.name,
            f"{_number(limit.has)} {limit.unit}",
            _number(limit.binds_at),
            *(_bold(_number(limit.need(rate)), limit.need(rate) > limit.has) for rate in rates),
            limit.change,
        )
        for limit in found
    ]
    return markdown_table([head, *rows])


def report(found: Sequence[Limit], rate: float) -> str:
    """Return what a rate needs of each limit, as text; the limits that bind come first and say what to change."""
    rows = [
        (
            limit.name.replace("`", ""),
            f"{_number(limit.has)} {limit.unit}",
            _number(limit.need(rate)),
            limit.change.replace("`", "") if limit.need(rate) > limit.has else "enough",
        )
        for limit in found
    ]
    return table([("LIMIT", "BY DEFAULT", "NEEDED", "WHAT TO CHANGE"), *rows])


def _number(value: float) -> str:
    """Return a number with two digits if it is below 10, and without a fraction above 100."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if value >= 10 else f"{value:.2g}"


def _bold(text: str, is_bold: bool) -> str:
    return f"**{text}**" if is_bold else text


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the limits at a rate, or write or check the page. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.scaling", description=__doc__)
    parser.add_argument("--orders-per-second", type=float, default=DEFAULT_RATE, metavar="N")
    parser.add_argument("--write", action="store_true", help="write the table into docs/scaling.md")
    parser.add_argument("--check", action="store_true", help="fail if the table in docs/scaling.md is not up to date")
    options = parser.parse_args(arguments)
    if not options.write and not options.check:
        print(f"{options.orders_per_second:g} orders a second:\n\n{report(limits(), options.orders_per_second)}")
        return 0
    generated = with_tables(PAGE.read_text(encoding="utf-8"), {"limits": limits_table(limits())})
    return write_or_check(PAGE, generated, check=not options.write, command="python -m tools.scaling --write")


if __name__ == "__main__":
    sys.exit(main())

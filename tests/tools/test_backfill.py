"""Backfill: the events of stored orders go to a topic of their own, at a rate, and on from where a run ended."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.notify.channels.rate_limiter import RateLimiter
from functions.notify.events.customer_events import Skipped, read_customer_event
from functions.notify.events.records import Record
from functions.order.domain.events import event_of
from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID
from functions.order.settings import RelaySettings
from tests.notify.samples import FIELDS
from tests.order.environment import API_ENVIRONMENT, plain_deployment
from tests.order.fakes import AWAY, TOO_LARGE, FakePublisher
from tests.order.orders import CANCELLATION, cancelled_order, order_of, store_orders
from tools.backfill import __main__ as command
from tools.backfill import order_source
from tools.backfill.arguments import file_for
from tools.backfill.checkpoint import CheckpointFile, Job, Progress
from tools.backfill.errors import BackfillError
from tools.backfill.event_count import count_events
from tools.backfill.order_pages import OrderPages, Segment
from tools.backfill.order_source import OrderSource
from tools.backfill.publishing import MAX_ATTEMPTS, Backfill
from tools.backfill.selection import EVENT_TYPES, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.events import ProducerRecord

REGION = "eu-central-1"
PAID_AT = order_of().created_at
LATER = datetime(2026, 11, 30, tzinfo=UTC)
ALL = Selection(types=EVENT_TYPES, since=None, until=LATER)
JOB = Job(
    table="orders", topic="order-backfill", types=EVENT_TYPES, since="", until="2026-11-30T00:00:00.000Z", segment="1/1"
)
TYPES = [ORDER_PAID, ORDER_CANCELLED]
WHOLE = Segment()


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    """A client of moto's DynamoDB, with the table `orders` of template.yaml and the lease of the relay in it."""
    client = boto3.client("dynamodb", region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")
    table = plain_deployment().properties("OrdersTable")
    wanted = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    with mock_aws():
        client.create_table(TableName="orders", **{name: table[name] for name in wanted})
        client.put_item(TableName="orders", Item={"order_id": {"S": "lease#relay"}, "owner": {"S": "a"}})
        yield client


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    return CheckpointFile(path=tmp_path / "backfill-order-backfill.json")


def pages(dynamodb: DynamoDBClient, *, size: int = 2, segment: Segment = WHOLE) -> OrderPages:
    return OrderPages(client=dynamodb, table="orders", segment=segment, size=size)


def backfill(dynamodb: DynamoDBClient, file: CheckpointFile, publisher: FakePublisher, **changes: Any) -> Backfill:
    made = Backfill(
        pages=pages(dynamodb),
        selection=ALL,
        publisher=publisher,
        limiter=RateLimiter(math.inf),
        checkpoint=file,
        report=lambda progress: None,
        refuse=lambda record, reason: None,
        sleep=lambda seconds: None,
    )
    return replace(made, **changes)


def seven(dynamodb: DynamoDBClient) -> set[tuple[str, str]]:
    """Store five orders, two of them cancelled; return the ids and types of their seven events."""
    orders = [order_of(f"pay_{number}") for number in range(3)] + [cancelled_order(f"pay_{n}") for n in (3, 4)]
    store_orders(dynamodb, orders)
    paid = {(order.order_id, ORDER_PAID) for order in orders}
    return paid | {(order.order_id, ORDER_CANCELLED) for order in orders if order.cancellation}


def sent(publisher: FakePublisher) -> list[tuple[str, str]]:
    return [(record.key, record.event_type) for record in publisher.records]


def test_every_event_is_the_original_one_with_one_more_header(dynamodb: DynamoDBClient, file: CheckpointFile) -> None:
    order = cancelled_order()
    store_orders(dynamodb, [order])
    backfill(dynamodb, file, publisher := FakePublisher()).run(Progress(job=JOB))
    originals = [event_of(order, event_type) for event_type in TYPES]
    assert [(each.key, each.value) for each in publisher.records] == [(each.key, each.value) for each in originals]
    for record, original in zip(publisher.records, originals, strict=True):
        assert record.headers == (*original.headers, ("backfill", b"true"))


def test_notify_skips_every_record_of_a_backfill() -> None:
    records = ALL.records(cancelled_order())
    assert len(records) == 2
    for record in records:
        source = {
            "topic": "order-backfill",
            "partition": 0,
            "offset": 0,
            "value": base64.b64encode(record.value).decode(),
            "headers": [{name: list(value)} for name, value in record.headers],
        }
        found = Record(partition_id="t-0", topic="t", partition=0, offset=0, key=None, source=source)
        assert read_customer_event(found, FIELDS) == Skipped(reason="backfill")


def test_all_events_are_published_once_and_the_checkpoint_says_so(
    dynamodb: DynamoDBClient, file: CheckpointFile
) -> None:
    expected = seven(dynamodb)
    done = backfill(dynamodb, file, publisher := FakePublisher()).run(Progress(job=JOB))
    assert sorted(sent(publisher)) == sorted(expected)
    assert file.read(JOB, until=JOB.until) == done
    assert (done.is_complete, done.orders, done.published) == (True, 5, {ORDER_PAID: 5, ORDER_CANCELLED: 2})


def test_the_events_of_an_order_are_sent_one_after_the_other(dynamodb: DynamoDBClient, file: CheckpointFile) -> None:
    seven(dynamodb)
    calls: list[list[ProducerRecord]] = []

    class NotingPublisher(FakePublisher):
        def publish_all(self, records: Any) -> Any:
            calls.append(list(records))
            return super().publish_all(records)

    backfill(dynamodb, file, NotingPublisher(), pages=pages(dynamodb, size=100)).run(Progress(job=JOB))
    assert [[record.event_type for record in call] for call in calls] == [[ORDER_PAID] * 5, [ORDER_CANCELLED] * 2]


class KilledError(BaseException):
    """The end of the process in the middle of a run."""


@pytest.mark.parametrize("killed_in_call", range(1, 7))
def test_a_run_that_was_killed_goes_on_and_doubles_at_most_one_page(
    dynamodb: DynamoDBClient, file: CheckpointFile, killed_in_call: int
) -> None:
    expected, calls = seven(dynamodb), iter(range(1, 100))

    def die() -> None:
        if next(calls) == killed_in_call:
            raise KilledError

    publisher = FakePublisher(on_send=die)
    try:
        backfill(dynamodb, file, publisher).run(Progress(job=JOB))
        killed = False
    except KilledError:
        killed = True
    before = sent(publisher)
    progress = file.read(JOB, until=None)
    if not killed:
        assert progress.is_complete
        return
    done = backfill(dynamodb, file, second := FakePublisher()).run(progress)
    after = sent(second)
    assert set(before) | set(after) == expected
    doubled = set(before) & set(after)
    assert len({order for order, _ in doubled}) <= 2, "a page has two orders"
    assert len(before) + len(after) - len(expected) == len(doubled)
    assert sum(done.published.values()) == len(expected)


@pytest.mark.parametrize(
    ("since", "until", "types", "expected"),
    [
        (None, LATER, EVENT_TYPES, TYPES),
        (None, LATER, (ORDER_CANCELLED,), [ORDER_CANCELLED]),
        (PAID_AT, LATER, EVENT_TYPES, TYPES),
        (PAID_AT + timedelta(milliseconds=1), LATER, EVENT_TYPES, [ORDER_CANCELLED]),
        (None, PAID_AT, EVENT_TYPES, []),
        (None, CANCELLATION.cancelled_at, EVENT_TYPES, [ORDER_PAID]),
        (CANCELLATION.cancelled_at, LATER, EVENT_TYPES, [ORDER_CANCELLED]),
    ],
)
def test_events_are_chosen_by_their_type_and_their_own_time(
    since: datetime | None, until: datetime, types: tuple[str, ...], expected: list[str]
) -> None:
    records = Selection(types=types, since=since, until=until).records(cancelled_order())
    assert [record.event_type for record in records] == expected


def test_an_erased_order_is_left_out_and_counted(dynamodb: DynamoDBClient, file: CheckpointFile) -> None:
    store_orders(dynamodb, [order_of("pay_1"), order_of("pay_2", erased_at=LATER, pending=())])
    done = backfill(dynamodb, file, publisher := FakePublisher()).run(Progress(job=JOB))
    assert sent(publisher) == [(order_of("pay_1").order_id, ORDER_PAID)]
    assert (done.orders, done.erased) == (1, 1)
    assert count_events(pages(dynamodb), ALL, after=None).erased == 1


def test_segments_together_have_every_order_once(dynamodb: DynamoDBClient, file: CheckpointFile) -> None:
    expected = seven(dynamodb)
    publisher = FakePublisher()
    for number in (1, 2, 3):
        part = pages(dynamodb, segment=Segment(number=number, total=3))
        backfill(dynamodb, file, publisher, pages=part).run(Progress(job=JOB))
    assert sorted(sent(publisher)) == sorted(expected)


def test_an_event_that_kafka_never_takes_is_named_and_left_out(dynamodb: DynamoDBClient, file: CheckpointFile) -> None:
    seven(dynamodb)
    large, named = order_of("pay_1").order_id, list[tuple[str, str]]()
    done = backfill(
        dynamodb,
        file,
        FakePublisher(failures={large: TOO_LARGE}),
        refuse=lambda record, reason: named.append((record.key, reason)),
    ).run(Progress(job=JOB))
    assert named == [(large, str(TOO_LARGE))]
    assert (done.is_complete, done.refused, sum(done.published.values())) == (True, 1, 6)


def test_events_are_repeated_while_kafka_is_away_and_then_the_run_says_how_it_goes_on(
    dynamodb: DynamoDBClient, file: CheckpointFile
) -> None:
    seven(dynamodb)
    away, pauses = order_of("pay_1").order_id, list[float]()
    publisher = FakePublisher(failures={away: AWAY})
    with pytest.raises(BackfillError, match=r"KafkaTimeoutError\. No event is lost: .* goes on from .*backfill-order"):
        backfill(dynamodb, file, publisher, sleep=pauses.append).run(Progress(job=JOB))
    assert sent(publisher).count((away, ORDER_PAID)) == MAX_ATTEMPTS
    assert pauses == sorted(pauses)
    assert len(pauses) == MAX_ATTEMPTS - 1
    done = backfill(dynamodb, file, second := FakePublisher()).run(file.read(JOB, until=None))
    assert (away, ORDER_PAID) in sent(second)
    assert sum(done.published.values()) == 7


def test_rate_is_kept_for_each_event(dynamodb: DynamoDBClient, file: CheckpointFile) -> None:
    seven(dynamodb)
    slept: list[float] = []
    limiter = RateLimiter(0.5, clock=lambda: sum(slept), sleep=slept.append)
    backfill(dynamodb, file, FakePublisher(), limiter=limiter).run(Progress(job=JOB))
    assert sum(slept) == pytest.approx(6 * 2)  # the first one does not wait


def test_a_checkpoint_is_for_one_job(file: CheckpointFile) -> None:
    file.write(Progress(job=JOB, last_id="ord_1"))
    assert file.read(replace(JOB, until="now"), until=None).last_id == "ord_1", "the end is that of the first run"
    with pytest.raises(BackfillError, match=r"its since is '' and not '2026'\. Repeat the options of that one"):
        file.read(replace(JOB, since="2026"), until=None)
    with pytest.raises(BackfillError, match="its until is"):
        file.read(replace(JOB, until="now"), until="now")


@pytest.mark.parametrize("content", ["", "{", '{"job": 1}', "[]"])
def test_a_file_that_is_no_checkpoint_is_refused(file: CheckpointFile, content: str) -> None:
    file.path.write_text(content)
    with pytest.raises(BackfillError, match=r"is no checkpoint of this tool: \d+ errors\. Name another file"):
        file.read(JOB, until=None)


def test_a_checkpoint_is_used_by_one_process_at_a_time(file: CheckpointFile) -> None:
    with (
        file.locked(),
        pytest.raises(BackfillError, match=r"Another backfill uses .* Wait until it ends"),
        file.locked(),
    ):
        pytest.fail("two have it")
    with file.locked():
        assert file.read(JOB, until=None) == Progress(job=JOB)


@pytest.fixture
def run(dynamodb: DynamoDBClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command on moto's table; its publisher is a fake one, and its folder the test's own."""
    kafka = RelaySettings.from_environment(API_ENVIRONMENT).kafka

    class FakeSource(OrderSource):
        def publisher(self, topic: str) -> Any:
            return super().publisher(topic) if topic == self.kafka.topic else FakePublisher()

    source = FakeSource(dynamodb=dynamodb, table="orders", kafka=kafka, secrets=lambda: pytest.fail("no secret"))
    monkeypatch.setattr(order_source, "on_this_machine", lambda data, template: source)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: command.main(["order-backfill", "--rate", "1000", *arguments])


def test_dry_run_counts_events_and_time_and_publishes_nothing(
    dynamodb: DynamoDBClient, run: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    seven(dynamodb)
    assert run("--dry-run", "--rate", "0.1") == 0
    out = capsys.readouterr().out
    assert [line.split()[:2] for line in out.splitlines()[1:3]] == [[ORDER_CANCELLED, "2"], [ORDER_PAID, "5"]]
    assert "7 events, 0:01:10 h at 0.1 a second. Nothing was published." in out
    assert not (tmp_path / file_for("order-backfill", WHOLE)).exists()


def test_command_goes_on_from_its_checkpoint_and_says_from_where(
    dynamodb: DynamoDBClient, run: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    seven(dynamodb)
    assert run("--rate", "1") == 0
    assert "Complete: 7 events of 5 orders (2 order.cancelled.v1, 5 order.paid.v1)." in capsys.readouterr().out
    path = tmp_path / "backfill-order-backfill.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"is_complete": False}))
    assert run() == 0
    assert "Goes on from backfill-order-backfill.json: 7 events of 5 orders" in capsys.readouterr().out
    assert run() == 0
    assert "It is complete: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["order-events"], "order-events is the topic of the order events, which every consumer reads. Name a topic"),
        (["t", "--since", "yesterday"], "yesterday is no time, such as 2026-01-31"),
        (["t", "--rate", "0"], "0 is no number of events a second"),
        (["t", "--segment", "3/2"], "3/2 is no part of the table"),
        (["t", "--type", "order.lost.v1"], "invalid choice: 'order.lost.v1'"),
    ],
)
@pytest.mark.usefixtures("run")
def test_wrong_arguments_are_refused_with_what_to_write(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    try:
        assert command.main(arguments) == 1
    except SystemExit as end:
        assert end.code == 2  # noqa: PT017 - argparse ends the process, the tool returns
    assert message in capsys.readouterr().err

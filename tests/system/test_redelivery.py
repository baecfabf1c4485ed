"""Many records, each delivered three times at least, shuffled and overlapping: every customer gets one mail.

The stack's own mapping delivers them in their order. Beside it works a second poller, which cuts them into other
batches, twice and out of turn, while consumers join the mapping's group and leave it.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import pytest
from kafka import KafkaConsumer

from samrun.testing.broker import read_all
from samrun.testing.waiting import eventually
from tests.system.customers import address, personal_data_in
from tests.system.fake_ses import Ses, serving
from tests.system.killable_functions import application, notify_mapping
from tests.system.order_events import TOPIC, event_id, event_of, publish
from tests.system.order_stack import OrderStack
from tests.system.published_events import CANCELLED, PAID
from tests.system.redelivering_poller import Redelivery, overlapping_batches
from tools.deadletters.dead_letter_store import open_store
from tools.deadletters.locations import Locations, on_this_machine

pytestmark = pytest.mark.xdist_group("redelivery")

SIDE_BY_SIDE = 2  # batches, beside the stack's own mapping
# Seconds. SES takes its time, so that the mapping has not sent everything before the second poller begins.
SES_LATENCY = 0.3
VISIT = 2.0


@pytest.mark.parametrize(
    ("orders", "cancelled_orders"), [(540, 60), pytest.param(9_000, 1_000, marks=pytest.mark.proof)]
)
def test_every_customer_gets_one_mail_however_often_the_records_are_redelivered(
    start: Callable[..., OrderStack], project: Path, orders: int, cancelled_orders: int
) -> None:
    records = orders + cancelled_orders
    chance = Random(records)  # noqa: S311 - the same one each time, so that a failure can be repeated
    types = {number: [PAID, CANCELLED] if number < cancelled_orders else [PAID] for number in range(orders)}
    with serving(ses := Ses(latency=SES_LATENCY)) as url:
        stack = start(environment={"AWS_ENDPOINT_URL_SESV2": url})
        kafka, dynamodb = stack.endpoints["kafka"], stack.endpoints["dynamodb"]
        numbers = chance.sample(range(orders), orders)
        publish(kafka, (event_of(number, each) for number in numbers for each in types[number]))
        mapping = notify_mapping(application(kafka=kafka, dynamodb=dynamodb))
        locations = on_this_machine(stack.data, project / "template.yaml")
        redelivery = Redelivery(mapping=mapping, bootstrap=kafka, functions=locations.functions)
        batches = overlapping_batches(read_all(kafka, TOPIC), chance)
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            deliveries = [pool.submit(redelivery.deliver, *each) for each in zip(batches, cycle([True, False]))]
            visits = 0
            while wait(deliveries, timeout=VISIT).not_done:
                visit(kafka, mapping.consumer_group)
                visits += 1
            for delivery in deliveries:
                delivery.result()
        stack.wait_until_idle(patience=600)

        expected = {address(number): [f"{event_id(number, each)}#mail" for each in types[number]] for number in types}
        differing = {
            to for to in expected.keys() | ses.notifications.keys() if ses.notifications.get(to) != expected.get(to)
        }
        assert not differing, [(to, ses.notifications.get(to), expected.get(to)) for to in sorted(differing)[:10]]
        entries = stack.items("NotificationsTable")
        assert Counter(entry["status"] for entry in entries) == {"sent": records}
        assert dead_letters(locations) == []
        assert stack.stop() == os.EX_OK

    assert visits, "no other member of the group came and went"
    lines = log_of(stack, "NotifyFunction")
    done = done_by_record(lines)
    assert len(done) == records
    assert min(done.values()) >= 3
    assert [line for line in lines if line.get("reason") == "another worker has the claim"], (
        "no two were at one record at once"
    )
    # A claim that DynamoDB wrote and did not confirm in time, as on a starved machine, looks like one of a dead sender.
    doubtful = [entry for entry in entries if entry["attempts"] != 1 or "possible_duplicate" in entry]
    assert len(doubtful) <= sum(str(line.get("reason")).startswith("LedgerUnavailableError") for line in lines)
    assert personal_data_in([stack.log.read_text(), *map(Path.read_text, (stack.data / "logs").rglob("*.log"))]) == []


def visit(kafka: str, group: str) -> None:
    """Join the group with a consumer, which takes its partitions, and leave it: the group rebalances twice."""
    visitor = KafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False)
    try:
        assert visitor.partitions_for_topic(TOPIC)  # else it would join before it knows them, and get none
        visitor.subscribe([TOPIC])
        eventually(lambda: visitor.poll(timeout_ms=1000) or visitor.assignment(), what="the visitor to be let in")
        time.sleep(VISIT)
    finally:
        visitor.close(autocommit=False)


def dead_letters(locations: Locations) -> list[str]:
    with open_store(locations) as store:
        return [*(dead_letter.reason for dead_letter in store.dead_letters), *store.unreadable]


def log_of(stack: OrderStack, function: str) -> list[dict[str, Any]]:
    """Return the lines that a function logged."""
    text = (stack.data / "logs" / "functions" / f"{function}.log").read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def done_by_record(lines: list[dict[str, Any]]) -> Counter[tuple[int, int]]:
    """Count how often the function was done with each record (partition and offset), by its own word."""
    messages = {"notification sent", "notification already sent"}
    return Counter((line["partition"], line["offset"]) for line in lines if line.get("message") in messages)

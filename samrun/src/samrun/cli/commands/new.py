"""`samrun new`: writes a new service, which runs and whose tests pass, into a folder."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from samrun.cli.common_options import add_json_option
from samrun.cli.parser import add_word
from samrun.scaffold.names import ServiceName, event_type, service_name, topic_name
from samrun.scaffold.samples import CONTRACT, find_samples
from samrun.scaffold.service_folder import write_files
from samrun.scaffold.services import consumer_files, producer_files

DESCRIPTION = (
    "Writes a new service into a folder: code, SAM template, sample events, tests. It runs and its tests pass as it "
    "stands, and its README says what to do next."
)
_CONSUMER = (
    "samrun new consumer reviews --topic order-events --type order.paid.v1",
    "samrun new consumer reviews --topic order-events --sample order.paid.v1.json",
    "samrun new consumer audit --topic order-events          # all types of events",
)
_PRODUCER = ("samrun new producer signups --topic member-events --type member.joined.v1",)
EXAMPLES = (*_CONSUMER, *_PRODUCER)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the kinds of services, with their options."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    consumer = add_word(
        kinds,
        "consumer",
        summary="write a function that a Kafka topic triggers",
        description="Writes a function that a Kafka topic triggers: an idempotent consumer with partial batch "
        "responses, a dead-letter queue and alarms.",
        examples=_CONSUMER,
    )
    _add_common_options(consumer, topic="the topic that it reads")
    consumer.add_argument(
        "--type",
        action="append",
        default=[],
        dest="types",
        metavar="TYPE",
        help="type of the CloudEvents that it is for; repeat for several (default: all)",
    )
    consumer.add_argument(
        "--sample",
        action="append",
        default=[],
        dest="samples",
        type=Path,
        metavar="FILE",
        help="sample event, a CloudEvent in JSON; repeat for several "
        f"(default: {CONTRACT}/TYPE.json, or else a general one)",
    )
    producer = add_word(
        kinds,
        "producer",
        summary="write an HTTP API that publishes events to a Kafka topic",
        description="Writes an HTTP API that records what it gets and publishes events of it to a Kafka topic, by a "
        "transactional outbox with a relay.",
        examples=_PRODUCER,
    )
    _add_common_options(producer, topic="the topic of its events")
    producer.add_argument("--type", metavar="TYPE", help="type of its CloudEvents (default: NAME.created.v1)")


def _add_common_options(parser: argparse.ArgumentParser, *, topic: str) -> None:
    parser.add_argument("name", metavar="NAME", help="name of the service, such as order-reviews")
    parser.add_argument("--topic", required=True, metavar="TOPIC", help=topic)
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="a new or empty folder (default: ./NAME)")
    add_json_option(parser)


def run(options: argparse.Namespace) -> int:
    """Write the service, and print its files."""
    name, topic = service_name(options.name), topic_name(options.topic)
    files = _consumer(name, topic, options) if options.kind == "consumer" else _producer(name, topic, options)
    folder = options.folder or Path(name.name)
    written = write_files(folder, files)
    if options.json:
        listed = [str(path.relative_to(folder)) for path in written]
        print(json.dumps({"folder": str(folder), "files": listed}, indent=2))
    else:
        print(*written, sep="\n")
        print(f"\nRead {folder / 'README.md'} next.")
    return 0


def _consumer(name: ServiceName, topic: str, options: argparse.Namespace) -> Mapping[str, str]:
    asked = [event_type(each) for each in dict.fromkeys(options.types)]
    samples = find_samples(asked, options.samples, contract=CONTRACT)
    types = [sample.type for sample in samples] if asked or options.samples else []
    return consumer_files(name, topic=topic, samples=samples, types=types)


def _producer(name: ServiceName, topic: str, options: argparse.Namespace) -> Mapping[str, str]:
    return producer_files(name, topic=topic, event_type=event_type(options.type or f"{name.name}.created.v1"))

"""`samrun tail`: prints the records of a topic as they come."""

import argparse
import json
from collections.abc import Iterator
from functools import partial
from itertools import islice

from samrun.administration.offset_choice import FORMS, LATEST
from samrun.administration.record_follower import RecordFollower
from samrun.administration.record_text import as_json, decoded_value
from samrun.cli.common_options import add_json_option
from samrun.cli.kafka_options import add_kafka_options, connect
from samrun.cli.option_types import offset_choice, positive_number, whole_number
from samrun.cli.output import check_reader, in_colour, print_json_line
from samrun.mapping.records import KafkaRecord
from samrun.rfc3339 import instant
from samrun.supervision.terminal import without_controls

DESCRIPTION = (
    "Prints the records of a topic as they come, until Ctrl-C: their place, time, key, headers and value. It belongs "
    "to no consumer group, so it takes no record from a mapping."
)
EXAMPLES = (
    "samrun tail greetings                              # the records that come from now on",
    "samrun tail greetings --from beginning --no-follow # those that are there",
    "samrun tail orders --from 15m --count 1 --json | jq .value",
    "samrun tail orders --partition 0 --from 4711 --bootstrap-servers localhost:9092",
)

_WIDTH = 100  # of a JSON value that stands on one line


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("topic", metavar="TOPIC", help="the topic")
    parser.add_argument(
        "--from",
        dest="begin",
        type=partial(offset_choice, earliest="beginning", latest="end"),
        default=LATEST,
        metavar="beginning|TIME|OFFSET",
        help=f"{FORMS} (end)",
    )
    parser.add_argument("--count", type=positive_number, metavar="NUMBER", help="end after so many records")
    parser.add_argument("--no-follow", dest="follow", action="store_false", help="end after the records that are there")
    parser.add_argument("--partition", type=whole_number, metavar="NUMBER", help="read this partition only")
    add_json_option(parser)
    add_kafka_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print the records."""
    connection = connect(options)
    with (
        connection.errors_for_people(),
        RecordFollower(connection, options.topic, options.partition, options.begin) as follower,
    ):
        records = follower.records(follow=options.follow, while_waiting=check_reader)
        for record in islice(records, options.count):
            if options.json:
                print_json_line(as_json(record))
            else:
                print("\n".join(_lines(record)), flush=True)
    return 0


def _lines(record: KafkaRecord) -> Iterator[str]:
    place = in_colour("cyan", f"{record.topic_partition}@{record.offset}")
    key = "" if record.key is None else f"  {_shown(record.key)}"
    yield f"{place}  {in_colour('dim', instant(record.timestamp))}{key}"
    for name, value in record.headers:
        yield f"    {without_controls(name)}: {'' if value is None else _shown(value)}"
    yield f"    {_value(record.value)}"


def _value(value: bytes | None) -> str:
    content = decoded_value(value)
    if content is None:
        return "(no value)"
    if isinstance(content, dict | list):
        text = json.dumps(content, ensure_ascii=False)
        if len(text) > _WIDTH:
            text = json.dumps(content, indent=2, ensure_ascii=False)
    else:
        text = content if isinstance(content, str) else repr(content)
    return without_controls(text).replace("\n", "\n    ")


def _shown(value: bytes) -> str:
    try:
        return without_controls(value.decode())
    except UnicodeDecodeError:
        return repr(value)

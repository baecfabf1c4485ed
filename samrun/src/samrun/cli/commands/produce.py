"""`samrun produce`: sends records to a topic."""

import argparse
import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from samrun.administration.record_producer import Stored, produce
from samrun.administration.record_text import NewRecord, records_from_lines
from samrun.cli.common_options import add_json_option
from samrun.cli.kafka_options import add_kafka_options, connect
from samrun.cli.option_types import header, positive_number, positive_rate, whole_number
from samrun.cli.output import print_json_line
from samrun.errors import UserError
from samrun.mapping.records import TopicPartition

DESCRIPTION = (
    "Sends records to a topic, and prints the place of each one that Kafka has stored: TOPIC-PARTITION@OFFSET. The "
    "value is an argument, a file, or the standard input."
)
EXAMPLES = (
    "samrun produce greetings 'Good morning.'",
    "samrun produce orders --key ord_1 --header type=order.paid.v1 --file order.json",
    "samrun produce greetings --lines --file values.jsonl --rate 10    # a record for each line",
    "samrun tail orders --from beginning --no-follow --json | samrun produce copy --records",
    "samrun produce greetings Hello --count 1000 --bootstrap-servers localhost:9092",
)
_STANDARD_INPUT = Path("-")


class NoInputError(UserError):
    """The file with the values cannot be read."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("topic", metavar="TOPIC", help="the topic")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("value", nargs="?", type=os.fsencode, metavar="VALUE", help="the record's value")
    source.add_argument(
        "--file", type=Path, default=_STANDARD_INPUT, metavar="FILE", help="file with the value (-, the standard input)"
    )
    source.add_argument("--null", action="store_true", help="send no value: a tombstone")
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--lines", action="store_true", help="each line of the file is the value of a record (JSON Lines)"
    )
    form.add_argument(
        "--records", action="store_true", help="each line of the file is a record, as `samrun tail --json` prints it"
    )
    parser.add_argument("--key", type=os.fsencode, metavar="TEXT", help="the key of each record")
    parser.add_argument(
        "--header", action="append", type=header, default=[], metavar="NAME=VALUE", help="a header; repeat for several"
    )
    parser.add_argument("--partition", type=whole_number, metavar="NUMBER", help="the partition (default: by the key)")
    parser.add_argument(
        "--count", type=positive_number, default=1, metavar="NUMBER", help="send everything so many times (1)"
    )
    parser.add_argument("--rate", type=positive_rate, metavar="NUMBER", help="send so many records in a second at most")
    add_json_option(parser)
    add_kafka_options(parser)


def run(options: argparse.Namespace) -> int:
    """Send the records."""
    produce(connect(options), options.topic, _records(options), stored=_printer(options), rate=options.rate)
    return 0


def _printer(options: argparse.Namespace) -> Stored:
    def print_place(partition: TopicPartition, offset: int) -> None:
        if options.json:
            print_json_line({"topic": partition.topic, "partition": partition.partition, "offset": offset})
        else:
            print(f"{partition}@{offset}", flush=True)

    return print_place


def _records(options: argparse.Namespace) -> Iterable[NewRecord]:
    if options.count == 1:
        return _once(options)  # a long input is sent as it comes
    return itertools.chain.from_iterable(itertools.repeat(list(_once(options)), options.count))


def _once(options: argparse.Namespace) -> Iterator[NewRecord]:
    for record in _input(options):
        yield NewRecord(
            value=record.value,
            key=record.key if options.key is None else options.key,
            headers=(*record.headers, *options.header),
            partition=record.partition if options.partition is None else options.partition,
        )


def _input(options: argparse.Namespace) -> Iterable[NewRecord]:
    if options.null:
        return [NewRecord(value=None)]
    if options.value is not None:
        return [NewRecord(value=options.value)]
    if options.records:
        return records_from_lines(_open(options.file), source=_name(options.file))
    if options.lines:
        return (NewRecord(value=line.rstrip(b"\r\n")) for line in _open(options.file) if line.strip())
    return [NewRecord(value=_open(options.file).read())]


def _open(file: Path) -> BinaryIO:
    if file == _STANDARD_INPUT:
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as error:
        raise NoInputError(f"{file}, the file with the value, cannot be read: {error.strerror}") from error


def _name(file: Path) -> str:
    return "the standard input" if file == _STANDARD_INPUT else str(file)

"""Options and settings of `samrun generate-event`."""

import argparse
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from samrun.cli.common_options import add_data_option
from samrun.cli.option_types import bootstrap_servers, header, whole_number
from samrun.mapping.record_position import RecordPosition

Source = Literal["msk", "self-managed-kafka"]

STANDARD_INPUT = Path("-")

_POSITION_FORM = "TOPIC[:PARTITION[:OFFSET]]"
_POSITION = re.compile(r"(?P<topic>[^:]+)(:(?P<partition>\d+)(:(?P<offset>\d+))?)?")
# Fields of a partition and of a record that an option can set, by the names that their types have.
_PARTITION_FIELDS = ("topic", "partition")
_FIELDS = ("offset", "timestamp", "key", "value")


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """Settings of an event with one record.

    The record comes from a topic, at `position`, or is AWS's own example. `fields`, by KafkaRecord's names, replace
    fields of it, `partition_fields`, by TopicPartition's names, those of its partition, and the content of `file` its
    value. `headers` are added to its own. `bootstrap` is host:port,…; if it is None, a topic is read from the stack
    that runs on the folder `data`.
    """

    source: Source
    position: RecordPosition | None
    file: Path | None
    partition_fields: Mapping[str, Any]
    fields: Mapping[str, Any]
    headers: tuple[tuple[str, bytes], ...]
    bootstrap: str | None
    data: Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "source", choices=("msk", "self-managed-kafka"), metavar="SOURCE", help="msk or self-managed-kafka"
    )
    value = parser.add_mutually_exclusive_group()
    value.add_argument("file", nargs="?", type=Path, metavar="FILE", help="file with the value (-: standard input)")
    value.add_argument("--value", type=os.fsencode, metavar="TEXT", help="the record's value")
    value.add_argument(
        "--from-topic",
        type=_position,
        metavar=_POSITION_FORM,
        help="take a record that is in a topic; without an offset, the newest one",
    )
    parser.add_argument("--key", type=os.fsencode, metavar="TEXT", help="the record's key")
    parser.add_argument(
        "--header", action="append", type=header, default=[], metavar="NAME=VALUE", help="a header; repeat for several"
    )
    parser.add_argument("--topic", help="the record's topic (mytopic)")
    for name, unit in (("partition", ""), ("offset", ""), ("timestamp", ", in Unix milliseconds")):
        parser.add_argument(f"--{name}", type=whole_number, metavar="NUMBER", help=f"the record's {name}{unit}")
    parser.add_argument(
        "--bootstrap-servers",
        dest="bootstrap",
        type=bootstrap_servers,
        metavar="HOST:PORT,…",
        help="the brokers (with --from-topic: those of the stack that runs)",
    )
    add_data_option(parser)


def read_event_settings(options: argparse.Namespace) -> EventSettings:
    """Return the settings that the options stand for."""
    return EventSettings(
        source=options.source,
        position=options.from_topic,
        file=options.file,
        partition_fields=_given(options, _PARTITION_FIELDS),
        fields=_given(options, _FIELDS),
        headers=tuple(options.header),
        bootstrap=options.bootstrap,
        data=options.data,
    )


def _given(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    return {name: given for name in names if (given := getattr(options, name)) is not None}


def _position(text: str) -> RecordPosition:
    match = _POSITION.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a position: write {_POSITION_FORM}")
    partition, offset = (None if match[name] is None else int(match[name]) for name in ("partition", "offset"))
    return RecordPosition(topic=match["topic"], partition=partition, offset=offset)

"""What `python -m local generate-event` is told."""

import argparse
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from local.endpoints import is_bootstrap

Source = Literal["msk", "self-managed-kafka"]

STANDARD_INPUT = Path("-")

_PLACE_FORM = "TOPIC[:PARTITION[:OFFSET]]"
_PLACE = re.compile(r"(?P<topic>[^:]+)(:(?P<partition>\d+)(:(?P<offset>\d+))?)?")
# What the options can say of a record, by ConsumerRecord's names.
_FIELDS = ("topic", "partition", "offset", "timestamp", "key", "value")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a record is; without an offset it is the newest one of the partition, or of all partitions."""

    topic: str
    partition: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.topic, self.partition, self.offset) if part is not None)


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """Of an event with one record.

    The record is one that a topic has, at `place`, or AWS's own example. `fields`, by ConsumerRecord's names, go before
    what it has; so does what the file holds, as its value. `headers` are added to its own. `bootstrap` is host:port,…;
    None: that of the stack that runs on the folder `data`, if a topic is to be read.
    """

    source: Source
    place: Place | None
    file: Path | None
    fields: Mapping[str, Any]
    headers: tuple[tuple[str, bytes], ...]
    bootstrap: str | None
    data: Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "source", choices=("msk", "self-managed-kafka"), metavar="SOURCE", help="msk or self-managed-kafka"
    )
    value = parser.add_mutually_exclusive_group()
    value.add_argument("file", nargs="?", type=Path, metavar="FILE", help="has the record's value (-: standard input)")
    value.add_argument("--value", type=os.fsencode, metavar="TEXT", help="the record's value")
    value.add_argument(
        "--from-topic",
        type=_place,
        metavar=_PLACE_FORM,
        help="take a record that is in a topic; without an offset, the newest one",
    )
    parser.add_argument("--key", type=os.fsencode, metavar="TEXT", help="the record's key")
    parser.add_argument(
        "--header", action="append", type=_header, default=[], metavar="NAME=VALUE", help="repeat it for several"
    )
    parser.add_argument("--topic", help="the record's topic (mytopic)")
    for name, unit in (("partition", ""), ("offset", ""), ("timestamp", ", in Unix milliseconds")):
        parser.add_argument(f"--{name}", type=_number, metavar="NUMBER", help=f"the record's {name}{unit}")
    parser.add_argument(
        "--bootstrap",
        type=_brokers,
        metavar="HOST:PORT,…",
        help="the brokers (with --from-topic: those of the stack that runs)",
    )
    parser.add_argument("--data", type=Path, default=Path(".local"), help="folder of the stack that runs (.local)")


def event_settings(options: argparse.Namespace) -> EventSettings:
    """Return what the options say."""
    return EventSettings(
        source=options.source,
        place=options.from_topic,
        file=options.file,
        fields={name: given for name in _FIELDS if (given := getattr(options, name)) is not None},
        headers=tuple(options.header),
        bootstrap=options.bootstrap,
        data=options.data,
    )


def _place(text: str) -> Place:
    match = _PLACE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no place: write {_PLACE_FORM}")
    partition, offset = (None if match[name] is None else int(match[name]) for name in ("partition", "offset"))
    return Place(topic=match["topic"], partition=partition, offset=offset)


def _header(text: str) -> tuple[str, bytes]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no header: write NAME=VALUE")
    return name, os.fsencode(value)


def _brokers(text: str) -> str:
    if not is_bootstrap(text):
        raise argparse.ArgumentTypeError(f"{text!r}: write host:port, several separated by commas")
    return text


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more")
    return int(text)

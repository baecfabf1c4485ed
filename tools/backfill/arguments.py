"""Arguments of the command: their forms and their defaults."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

from tools.backfill.order_pages import Segment
from tools.backfill.selection import EVENT_TYPES


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.backfill", description=description)
    parser.add_argument(
        "topic", metavar="TOPIC", help="a topic of its own, which exists: never that of the order events"
    )
    parser.add_argument("--dry-run", action="store_true", help="count the events and the time; publish nothing")
    parser.add_argument("--since", type=moment_of, metavar="TIME", help="from this time on, such as 2026-01-31 (all)")
    parser.add_argument(
        "--until", type=moment_of, metavar="TIME", help="before this time (the beginning of the first run)"
    )
    parser.add_argument("--type", action="append", choices=EVENT_TYPES, help="this type of events; repeat it (all)")
    parser.add_argument("--rate", type=_rate, default=100.0, help="events a second, at most (%(default)g)")
    parser.add_argument(
        "--segment",
        type=_segment,
        default=Segment(),
        metavar="N/OF",
        help="part 2/4 of the table, for one of 4 processes",
    )
    parser.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="where it keeps its place (backfill-TOPIC.json)"
    )
    parser.add_argument("--stack", help="name of a stack in AWS, instead of the one on this machine")
    parser.add_argument("--region", help="region of --stack, if not the environment's")
    parser.add_argument("--data", type=Path, default=Path(".local"), help="data folder of the stack on this machine")
    parser.add_argument("--template", type=Path, default=Path("template.yaml"), help="template of that stack")
    return parser


def moment_of(text: str) -> datetime:
    """Read a time of ISO 8601; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no time, such as 2026-01-31 or 2026-01-31T08:00:00Z") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rate(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not float(text):
        raise argparse.ArgumentTypeError(f"{text} is no number of events a second, such as 100 or 0.5")
    return float(text)


def _segment(text: str) -> Segment:
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if not match or int(match[1]) > int(match[2]):
        raise argparse.ArgumentTypeError(f"{text} is no part of the table, such as 1/4 to 4/4")
    return Segment(number=int(match[1]), total=int(match[2]))


def file_for(topic: str, segment: Segment) -> Path:
    """Return the checkpoint of a topic and a part of the table, in the current folder."""
    part = "" if segment.total == 1 else f"-{segment.number}-of-{segment.total}"
    return Path(f"backfill-{topic}{part}.json")

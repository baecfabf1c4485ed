"""Types of options: the values that their texts stand for."""

import argparse
import math
import os
from datetime import datetime

from samrun.administration.offset_choice import EARLIEST, FORMS, LATEST, OffsetChoice, time_or_offset
from samrun.endpoints import is_bootstrap


def bootstrap_servers(text: str) -> str:
    """Return the address of brokers that an option names."""
    if not is_bootstrap(text):
        raise argparse.ArgumentTypeError(f"{text!r}: write host:port, several separated by commas")
    return text


def header(text: str) -> tuple[str, bytes]:
    """Return the header that NAME=VALUE stands for."""
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a header: write NAME=VALUE")
    return name, os.fsencode(value)


def offset_choice(text: str, *, earliest: str, latest: str) -> OffsetChoice:
    """Return where to begin in a topic: a time, an offset, or one of the two words for its ends."""
    if text in {earliest, latest}:
        return EARLIEST if text == earliest else LATEST
    choice = time_or_offset(text, now=datetime.now().astimezone())
    if choice is None:
        raise argparse.ArgumentTypeError(f"{text!r}: write {earliest}, {latest}, {FORMS}")
    return choice


def whole_number(text: str) -> int:
    """Return a number of 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return int(text)


def positive_number(text: str) -> int:
    """Return a number of 1 or more."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def positive_rate(text: str) -> float:
    """Return a number above 0."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return rate

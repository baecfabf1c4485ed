"""Filters of the templates: times, durations and sizes as people read them."""

import re
from datetime import datetime, timedelta
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from samrun.console.shell.content import visible


def clock(moment: datetime) -> str:
    """Return the time of day of an aware datetime on this machine, with milliseconds."""
    return f"{moment.astimezone():%H:%M:%S}.{moment.microsecond // 1000:03d}"


def duration(seconds: float) -> str:
    """Return "12 ms", "1.2 s" or "3 min 5 s"."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def since(passed: timedelta) -> str:
    """Return a time after another one: "+1.2 s"."""
    return f"+{duration(max(0.0, passed.total_seconds()))}"


def size(number: int) -> str:
    """Return a number of bytes: "812 B", "12 kB" or "1.5 MB"."""
    if number < 1024:
        return f"{number} B"
    return f"{number / 1024:.0f} kB" if number < 1024 * 1024 else f"{number / 1024 / 1024:.1f} MB"


def made_visible(value: Any) -> Any:
    """Return a value as a page shows it: in a text, control characters are seen and turn nothing; see `visible`.

    What is escaped already is left as it is.
    """
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def commands(text: str) -> Markup:
    """Return an error's text as HTML, with what it has between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(visible(text)))))  # noqa: S704 - it is escaped


def add_filters(environment: Environment) -> None:
    """Give these filters to the templates."""
    environment.filters |= {"clock": clock, "commands": commands, "duration": duration, "since": since, "size": size}

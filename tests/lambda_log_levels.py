"""Level that Lambda reads in a line of a function that logs in JSON, and whether its filter drops the line.

As AWS states it: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html. Lambda reads
the key `level`. A line without a valid level, or without a timestamp in the form of RFC 3339, has the level INFO.
"""

from __future__ import annotations

import json
import re
from typing import Any

# Ascending. Python's names for two of them are others, and Powertools writes Python's.
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
PYTHON = {"WARNING": "WARN", "CRITICAL": "FATAL"}
# RFC 3339, section 5.6, date-time.
RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


def level_of(line: str) -> str:
    """Return the level that Lambda reads in a line."""
    try:
        entry: Any = json.loads(line)
    except ValueError:
        return "INFO"
    if not isinstance(entry, dict) or not RFC_3339.fullmatch(str(entry.get("timestamp"))):
        return "INFO"
    level = str(entry.get("level")).upper()
    level = PYTHON.get(level, level)
    return level if level in LEVELS else "INFO"


def drops(line: str, *, application_log_level: str) -> bool:
    """Return whether a function with this ApplicationLogLevel loses the line."""
    return LEVELS.index(level_of(line)) < LEVELS.index(application_log_level)

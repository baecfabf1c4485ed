"""Names of event queues: the runner's own queues in the local AWS, from which it invokes functions.

The local AWS runs no function. Where SNS, S3 or EventBridge would invoke one, they send to such a queue instead.
"""

import hashlib
import re
from typing import Literal

Source = Literal["events", "s3", "sns"]

EVERY_FUNCTION = "every-function"
"""Stands for the function of an event bus's queue: the rules of the bus say which function gets an event."""


def event_queue_name(source: Source, name: str, function: str) -> str:
    """Return the name of the queue for the events of a topic, a bucket or an event bus of that name to a function."""
    digest = hashlib.sha256(f"{name}\n{function}".encode()).hexdigest()[:8]
    # At most 80 letters, digits, hyphens and underscores.
    readable = re.sub(r"[^A-Za-z0-9_-]", "-", f"samrun-{source}-{name[:25]}-{function[:25]}")
    return f"{readable}-{digest}"

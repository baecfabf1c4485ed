"""Visibility of messages in flight: keeps them invisible for as long as the function has them.

Lambda's poller does not: it requires that a queue's visibility timeout is longer than the function's timeout. But a
function that is debugged has no timeout.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.error_code import error_code
from samrun.queues.events import Message

# The timeout is set so many times before it ends.
_SETS_PER_TIMEOUT = 3
_PAUSE_AFTER_ERROR = 2.0  # seconds


@contextlib.contextmanager
def kept_invisible(messages: Sequence[Message], *, url: str, sqs: Any, report: Callable[[str], None]) -> Iterator[None]:
    """Keep messages invisible while the context lasts: the visibility timeout of their queue begins again and again.

    `url` is the queue's, `sqs` the boto3 client. `report` takes a line about each call that fails.
    """
    ended = threading.Event()

    def extend() -> None:
        while not ended.is_set():
            try:
                seconds = _visibility_timeout(sqs, url)
                _set_visibility(sqs, url, messages, seconds)
                ended.wait(seconds / _SETS_PER_TIMEOUT)
            except (BotoCoreError, ClientError) as error:
                report(f"{url}: messages that the function still has may become visible ({error_code(error)})")
                ended.wait(_PAUSE_AFTER_ERROR)

    thread = threading.Thread(target=extend, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _visibility_timeout(sqs: Any, url: str) -> int:
    """Return the seconds of the queue's visibility timeout; 1 if it has none, since messages must be invisible."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    return max(1, int(attributes["VisibilityTimeout"]))


def _set_visibility(sqs: Any, url: str, messages: Sequence[Message], seconds: int) -> None:
    for message in messages:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds)

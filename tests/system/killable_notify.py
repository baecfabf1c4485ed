"""Notify as killable_runtime.py runs it, and the steps at which it can die; isolated_notify.py adds those in SES."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from functions.notify import bootstrap
from functions.notify.handlers import notify
from functions.notify.ledger.batch_writer import BatchWriter
from functions.notify.ledger.ledger import Ledger
from functions.notify.messages.messages import Messages
from tests.system.killable_runtime import SIDE_BY_SIDE, Context, KillPoint, dies_after, dies_before, serve

# A new process connects for each invocation: on a busy machine it gets to its kill point only with more time than
# customers give it. In seconds.
_CALL_TIMEOUT, _TIMEOUT = 25.0, 60.0
_PATIENT = Config(
    connect_timeout=_CALL_TIMEOUT,
    read_timeout=_CALL_TIMEOUT,
    retries={"total_max_attempts": 1},
    max_pool_connections=SIDE_BY_SIDE,
)
notify.threads = ThreadPoolExecutor(SIDE_BY_SIDE)
_dynamodb, _ses = boto3.client("dynamodb", config=_PATIENT), boto3.client("sesv2", config=_PATIENT)
_mail = replace(bootstrap.mail_channel(), mailer=replace(bootstrap.mail_channel().mailer, client=_ses))
_notifier = replace(
    notify.notifier,
    ledger=replace(notify.notifier.ledger, client=_dynamodb, batch_writer=BatchWriter(_dynamodb)),
    channels={**notify.notifier.channels, _mail.name: _mail},
)

# The clock stands still but for `ahead`: however slow the machine is, a lease ends when the test says so.
_NOW = datetime.now(UTC)

KILL_POINTS: Mapping[str, KillPoint] = {
    "before the claim": dies_before(Ledger, "claim"),
    # Not after `claim`: then the function would know that the claim is its own.
    "after the claim is written": dies_after(_dynamodb, "batch_execute_statement"),
    "before the mail is rendered": dies_before(Messages, "render"),
    "before the send": dies_before(_ses, "send_email"),
    "after the answer of SES": dies_after(_ses, "send_email"),
    "after the mark": dies_after(Ledger, "mark_sent"),
}


def _invoke(call: dict[str, Any]) -> Any:
    if call["dies"]:
        KILL_POINTS[call["dies"]]()
    notify.notifier = replace(_notifier, clock=lambda: _NOW + timedelta(seconds=call["ahead"]))
    handler: Callable[..., Any] = notify.handler
    return handler(call["event"], Context(end=time.monotonic() + _TIMEOUT))


if __name__ == "__main__":
    serve(_invoke)

"""Notify as tests/system/mortal.py runs it, and where it can die by itself; tests/system/ses.py knows more places."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.notify import app
from functions.notify.ledger import Ledger
from functions.notify.messages import Messages
from tests.system.mortal import Context, Death, dies_after, dies_before, serve

# Seconds: on a busy machine it gets to its death only with more time than the template gives it.
_TIMEOUT = 60.0

DEATHS: Mapping[str, Death] = {
    "before the claim": dies_before(Ledger, "claim"),
    # Not after `claim`: then the function would know that the claim is its own.
    "after the claim is written": dies_after(app.notifier.ledger.client, "update_item"),
    "before the mail is rendered": dies_before(Messages, "render"),
    "before the send": dies_before(app.mail.mailer.client, "send_email"),
    "after the answer of SES": dies_after(app.mail.mailer.client, "send_email"),
    "after the mark": dies_after(Ledger, "mark_sent"),
}


def _invoke(call: dict[str, Any]) -> Any:
    if call["dies"]:
        DEATHS[call["dies"]]()
    app.notifier = replace(app.notifier, clock=lambda: datetime.now(UTC) + timedelta(seconds=call["ahead"]))
    handler: Callable[..., Any] = app.handler
    return handler(call["event"], Context(end=time.monotonic() + _TIMEOUT))


if __name__ == "__main__":
    serve(_invoke)

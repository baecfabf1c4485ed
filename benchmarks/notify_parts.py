"""Benchmark of what notify's own optimizations bring: each is replaced by its simple form, in turn with today's.

One process, batches of 100 mails, an SES that takes 50 ms, one processor (benchmarks/notify_batch.py). A gain below a
twentieth would not pay for the code.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from email.headerregistry import Address
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from statistics import median
from unittest import mock

from benchmarks.notify_batch import MAILS, Function, running_function
from benchmarks.row import Row
from benchmarks.stopwatch import Spent
from functions.notify.messages.messages import Message

PAYS = 1.05


@dataclass(frozen=True, kw_only=True)
class Simple:
    """A simple form: how to process a batch with it, and what it is compared by, processor time or the clock."""

    work: str
    form: str
    process: Callable[[Function], Spent]
    seconds: Callable[[Spent], float]
    cause: str


def _forms(few: ThreadPoolExecutor, half: ThreadPoolExecutor) -> Mapping[str, Simple]:
    return {
        "batch writer": Simple(
            work="gain of the batch writer",
            form="one write for each claim and mark",
            process=_without_batch_writer,
            seconds=lambda spent: spent.processor,
            cause="it would no longer pay for its hundred lines.",
        ),
        "MIME": Simple(
            work="gain of MIME written by hand",
            form="the email package, policy compat32",
            process=_with_email_package,
            seconds=lambda spent: spent.processor,
            cause="it would no longer pay for its ninety lines.",
        ),
        "25 threads": Simple(
            work="gain of a hundred threads",
            form="25 threads",
            process=lambda function: function.process(MAILS, threads=few),
            seconds=lambda spent: spent.clock,
            cause="the processor is the limit, so that a mail no longer waits for SES.",
        ),
        "50 threads": Simple(
            work="gain of the second fifty threads",
            form="50 threads",
            process=lambda function: function.process(MAILS, threads=half),
            seconds=lambda spent: spent.clock,
            cause=(
                "the processor is the limit already with fifty threads. The hundred stay: they are one number, they "
                "match the largest batch, and with an SES that is slower than 50 ms they bring more."
            ),
        ),
    }


def measure_notify_parts(*, rounds: int) -> list[Row]:
    """Process so many batches with today's form and with each simple form, in turn."""
    with (
        running_function() as function,
        ThreadPoolExecutor(1) as alone,
        ThreadPoolExecutor(25) as few,
        ThreadPoolExecutor(50) as half,
    ):
        forms = _forms(few, half)
        function.process(MAILS, threads=alone)  # a database that is cold takes longer than the function waits for it
        for form in forms.values():
            form.process(function)
        function.process(MAILS)
        today: list[Spent] = []
        simple: dict[str, list[Spent]] = {name: [] for name in forms}
        for _ in range(rounds):
            today.append(function.process(MAILS))
            for name, form in forms.items():
                simple[name].append(form.process(function))
    return [_form_row(form, today, simple[name]) for name, form in forms.items()]


def _form_row(form: Simple, today: list[Spent], simple: list[Spent]) -> Row:
    before, after = ([form.seconds(spent) for spent in runs] for runs in (simple, today))
    return Row(
        work=form.work,
        compared_with=form.form,
        samples=[one / other for one, other in zip(before, after, strict=True)],
        unit="x",
        aim=PAYS,
        more_is_better=True,
        cause=form.cause,
        detail=f"{median(after) * 1000 / MAILS:.1f} ms a mail against {median(before) * 1000 / MAILS:.1f} ms",
    )


def _without_batch_writer(function: Function) -> Spent:
    notifier = function.app.notifier
    simple = replace(notifier, ledger=replace(notifier.ledger, batch_writer=None))
    with mock.patch.object(function.app, "notifier", simple):
        return function.process(MAILS)


def _with_email_package(function: Function) -> Spent:
    with _compose_by(_compose):
        return function.process(MAILS)


@contextlib.contextmanager
def _compose_by(compose: Callable[..., bytes]) -> Iterator[None]:
    from functions.notify.channels import mailer  # it reads the environment

    with mock.patch.object(mailer, "compose", compose):
        yield


def _compose(
    message: Message,
    *,
    date: datetime,
    sender: Address,
    recipient: Address,
    reply_to: Address | None = None,
    notification_id: str = "",
) -> bytes:
    """Compose the mail as functions/notify/channels/mime.py does, by the email package."""
    mail = MIMEMultipart("alternative")
    mail["Date"] = format_datetime(date)
    mail["From"], mail["To"] = str(sender), str(recipient)
    if reply_to:
        mail["Reply-To"] = str(reply_to)
    mail["Subject"] = message.subject
    mail["X-Notification-Id"] = notification_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_payload([MIMEText(message.text, "plain", "utf-8"), MIMEText(message.html, "html", "utf-8")])
    return mail.as_bytes()

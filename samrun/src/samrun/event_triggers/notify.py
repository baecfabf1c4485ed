"""Notifications: invokes a function with the messages of a topic or a bucket."""

from collections.abc import Callable

from samrun.event_triggers.s3_events import s3_event
from samrun.event_triggers.sns_events import sns_event
from samrun.template.model.triggers import Notification


def notify(
    notification: Notification,
    message: str,
    *,
    accept: Callable[[str, bytes], object],
    report: Callable[[str], None],
) -> None:
    """Invoke the function of a notification with a message of its event queue.

    `accept` takes an event for a function and returns at once; `report` takes a line about it.
    """
    payload = sns_event(message) if notification.service == "sns" else s3_event(message)
    if payload is not None:
        report(f"{notification.source} → {notification.function}")
        accept(notification.function, payload)

"""Events that a schedule sends to its function.

AWS documents the event of a rule: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
and https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html. It does not document the event of
EventBridge Scheduler; this one is like the events that functions have logged, with a string as `detail`.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from samrun.event_triggers.target_input import target_input
from samrun.rfc3339 import rfc3339
from samrun.template.model.account import ACCOUNT
from samrun.template.model.triggers import Schedule


def service_event(schedule: Schedule, due: datetime) -> dict[str, object]:
    """Return the event of the service for the time `due`."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": f"aws.{schedule.service}",
        "account": ACCOUNT,
        "time": _text(due),
        "region": schedule.arn.split(":")[3],
        "resources": [schedule.arn],
        "detail": {} if schedule.service == "events" else "{}",
    }


def schedule_input(schedule: Schedule, event: Mapping[str, object], due: datetime) -> bytes:
    """Return the JSON text that the function gets: the event, or what the schedule says instead.

    Raises TransformError.
    """
    if schedule.service == "events":
        return target_input(event, schedule, rule_arn=schedule.arn, ingestion_time=_text(due)).encode()
    text = json.dumps(event) if schedule.input is None else _with_context(schedule.input, schedule, _text(due))
    return text.encode()


def _text(due: datetime) -> str:
    return rfc3339(due.astimezone(UTC), "seconds")


def _with_context(text: str, schedule: Schedule, time: str) -> str:
    """Return the input with EventBridge Scheduler's context attributes filled in.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    attributes = {
        "schedule-arn": schedule.arn,
        "scheduled-time": time,
        "execution-id": uuid.uuid4().hex[:16],
        "attempt-number": "1",  # the call to Lambda does not fail here
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text

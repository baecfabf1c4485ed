"""What a schedule sends to its function.

A rule's event: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html and
https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html. EventBridge Scheduler's is not
documented; it is as in events that functions have logged: its `detail` is a string.
"""

import json
import uuid
from datetime import UTC, datetime

from local.model import ACCOUNT, Schedule


def payload(schedule: Schedule, due: datetime) -> bytes:
    """Return the event for the time `due`, as JSON: the schedule's own input, or the service's event."""
    time = f"{due.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if schedule.input is None:
        return json.dumps(_event(schedule, time)).encode()
    if schedule.service == "events":
        return schedule.input.encode()
    return _with_context(schedule.input, schedule, time).encode()


def _event(schedule: Schedule, time: str) -> dict[str, object]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": f"aws.{schedule.service}",
        "account": ACCOUNT,
        "time": time,
        "region": schedule.arn.split(":")[3],
        "resources": [schedule.arn],
        "detail": {} if schedule.service == "events" else "{}",
    }


def _with_context(text: str, schedule: Schedule, time: str) -> str:
    """Return the input with EventBridge Scheduler's context attributes filled in.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    attributes = {
        "schedule-arn": schedule.arn,
        "scheduled-time": time,
        "execution-id": uuid.uuid4().hex[:16],
        "attempt-number": "1",  # of the delivery to Lambda, which does not fail here
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text

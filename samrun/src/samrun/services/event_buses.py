"""Event buses: EventBridge sends the events of a bus to the bus's event queue, from which the runner takes them."""

import json
from collections.abc import Callable, Iterable

from botocore.exceptions import BotoCoreError, ClientError

from samrun.services.clients import Clients
from samrun.services.event_queues import create_event_queue
from samrun.services.resources import ResourceError
from samrun.template.model.account import ACCOUNT
from samrun.template.triggers.event_queue_names import EVERY_FUNCTION

_RULE = "samrun-events"
_EVERY_EVENT = {"account": [ACCOUNT]}
# Without a template, moto leaves out the account.
_WHOLE_EVENT = {"InputTemplate": "<aws.events.event.json>"}


def deliver_events(buses: Iterable[str], client: Clients, *, on_error: Callable[[ResourceError], object]) -> None:
    """Make each bus send its events to its event queue. `on_error` gets the error of each bus that cannot."""
    for bus in buses:
        try:
            _deliver_events(bus, client)
        except (BotoCoreError, ClientError) as error:
            on_error(ResourceError(f"The rules of the event bus {bus} get no events: {error}"))


def _deliver_events(bus: str, client: Clients) -> None:
    queue, events = create_event_queue("events", bus, EVERY_FUNCTION, client), client("events")
    events.put_rule(Name=_RULE, EventBusName=bus, EventPattern=json.dumps(_EVERY_EVENT))
    events.put_targets(
        Rule=_RULE, EventBusName=bus, Targets=[{"Id": "samrun", "Arn": queue, "InputTransformer": _WHOLE_EVENT}]
    )

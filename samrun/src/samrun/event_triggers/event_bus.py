"""Event bus: finds the rules that an event matches, and sends the event to the targets of each."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.event_triggers.dead_letters import UndeliveredEvent, send_dead_letter
from samrun.event_triggers.destination_request import ApiDestinationError, send_to_api_destination
from samrun.event_triggers.target_input import TransformError, target_input
from samrun.rfc3339 import rfc3339
from samrun.services.message_sender import send_message, service_of, start_execution
from samrun.template.model.triggers import EventRule, EventTarget

_DEFAULT_BUS = "default"


def rules_by_bus(rules: Iterable[EventRule]) -> Mapping[str, list[EventRule]]:
    """Return the rules of each event bus, by its name."""
    by_bus: dict[str, list[EventRule]] = {}
    for rule in rules:
        by_bus.setdefault(rule.bus, []).append(rule)
    return by_bus


@dataclass(frozen=True, kw_only=True)
class EventBus:
    """The rules of the event bus with this name.

    `accept` takes an event for a function, by the function's name, and returns at once. `client` returns the boto3
    client of a service, for the targets that are no functions. `report` takes lines about what happened.
    """

    name: str
    rules: Sequence[EventRule]
    accept: Callable[[str, bytes], object]
    client: Callable[[str], Any]
    report: Callable[[str], None]

    def pass_on(self, message: str) -> None:
        """Send the event in a message of EventBridge to the targets of the rules that it matches."""
        event: dict[str, Any] = json.loads(message)
        received = rfc3339(datetime.now(UTC), "milliseconds")
        event.pop("ingestion-time", None)
        if event["source"].startswith("aws."):
            if self.name != _DEFAULT_BUS:
                return  # the services of AWS send to the default bus alone; the local S3 sends to each
            event["id"] = str(uuid.uuid4())  # the local S3 gives all events one id
        for rule in self.rules:
            if rule.pattern.matches(event):
                for target in rule.targets:
                    self._send(event, rule, target, received)

    def _send(self, event: dict[str, Any], rule: EventRule, target: EventTarget, received: str) -> None:
        try:
            text = target_input(event, target, rule_arn=rule.arn, ingestion_time=received)
            if target.function is not None:
                self.report(f"{rule.logical_id} → {target.function}")
                self.accept(target.function, text.encode())
            elif target.destination is not None:
                send_to_api_destination(target.destination, text, target.http)
            else:
                self._send_to_service(event, target, text)
        except (BotoCoreError, ClientError, ApiDestinationError, TransformError) as error:
            undelivered = UndeliveredEvent(
                event=event,
                source=rule.logical_id,
                rule_arn=rule.arn,
                target_arn=target.arn,
                queue=target.dead_letter_queue,
                error=error,
            )
            send_dead_letter(undelivered, client=self.client, report=self.report)

    def _send_to_service(self, event: dict[str, Any], target: EventTarget, text: str) -> None:
        match service_of(target.arn):
            case "sqs":
                group = {"MessageGroupId": target.message_group} if target.message_group else {}
                send_message(target.arn, text, self.client, **group)
            case "sns":
                send_message(target.arn, text, self.client)
            case "states":
                start_execution(target.arn, text, self.client)
            case _:  # another event bus, which gets the event as it was sent
                entry = {
                    "EventBusName": target.arn,
                    "Source": event["source"],
                    "DetailType": event["detail-type"],
                    "Detail": json.dumps(event["detail"]),
                    "Resources": event["resources"],
                }
                [answer] = self.client("events").put_events(Entries=[entry])["Entries"]
                if "ErrorCode" in answer:  # the call itself succeeds
                    code, text = answer["ErrorCode"], answer.get("ErrorMessage", "")
                    raise ClientError({"Error": {"Code": code, "Message": text}}, "PutEvents")

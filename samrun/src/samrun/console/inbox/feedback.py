"""Simulated feedback: sends SES's event about a mail where the application's template says that such events go.

The default event bus and the topics of the local AWS then pass it on as they do with every event, so the application's
own rule and function get it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from samrun.console.inbox.mail_events import FeedbackKind, MailEvent, configuration_set_of, mail_event
from samrun.console.inbox.summary import Summary
from samrun.services.clients import Clients
from samrun.services.message_sender import send_message
from samrun.template.model.application import Application
from samrun.template.model.triggers import MailEventDestination

_SUBJECT = "Amazon SES Email Event Notification"


@dataclass(frozen=True, kw_only=True)
class FeedbackResult:
    """Result of a simulation: a line about each place that got the event, and one about what is missing."""

    kind: FeedbackKind
    sent: tuple[str, ...]
    problem: str


@dataclass(frozen=True, kw_only=True)
class FeedbackSimulator:
    """Simulator of SES's feedback for an application. `client` returns the boto3 client of a service."""

    application: Application
    client: Clients

    def send(self, kind: FeedbackKind, summary: Summary, headers: Mapping[str, list[str]]) -> FeedbackResult:
        """Send the event about a mail to each destination of its configuration set."""
        configuration_set = configuration_set_of(summary, headers)
        destinations = [
            each
            for each in self.application.mail_event_destinations
            if each.configuration_set == configuration_set and kind.event_type in each.event_types
        ]
        if not destinations:
            return FeedbackResult(kind=kind, sent=(), problem=_missing(kind, configuration_set))
        region = self.client("events").meta.region_name
        event = mail_event(kind, summary, headers, region=region, now=datetime.now(UTC))
        try:
            sent = tuple(line for each in destinations for line in self._send(event, each))
        except (BotoCoreError, ClientError) as error:
            return FeedbackResult(kind=kind, sent=(), problem=f"The local AWS did not take the event: {error}")
        return FeedbackResult(kind=kind, sent=sent, problem="")

    def _send(self, event: MailEvent, destination: MailEventDestination) -> Iterator[str]:
        if destination.topic:
            send_message(destination.topic, json.dumps(event.detail), self.client, Subject=_SUBJECT)
            yield f"{destination.logical_id}: sent to the topic {destination.topic.rpartition(':')[2]}"
            return
        entry = {
            "Source": "aws.ses",
            "DetailType": event.kind.detail_type,
            "Detail": json.dumps(event.detail),
            "Resources": [event.resource],
            "Time": event.time,
        }
        self.client("events").put_events(Entries=[entry])
        yield f"{destination.logical_id}: sent to the default event bus; {self._rules(event)}"

    def _rules(self, event: MailEvent) -> str:
        """Say which rules of the template match the event."""
        rules = [
            each
            for each in self.application.event_rules
            if each.bus == "default" and each.pattern.matches(event.in_event_bridge)
        ]
        names = (target.function or target.arn for rule in rules for target in rule.targets)
        getting = ", ".join(dict.fromkeys(names))
        return f"{getting} gets it" if getting else "no rule of the template matches it, so no function gets it"


def _missing(kind: FeedbackKind, configuration_set: str) -> str:
    if not configuration_set:
        return (
            "The mail was sent without a configuration set, so SES publishes no events about it. Send it with "
            "ConfigurationSetName, and declare an event destination for that set."
        )
    return (
        f"Nobody gets it: no AWS::SES::ConfigurationSetEventDestination of the template takes {kind.event_type} for "
        f"the configuration set {configuration_set} to the default event bus or to a topic."
    )

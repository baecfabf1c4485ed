"""Event destinations of SES's configuration sets: where the events about the mails of a set go."""

from collections.abc import Iterator

from samrun.template.model.triggers import MailEventDestination
from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import MAIL_EVENT_DESTINATION


def read_mail_event_destinations(template: ResolvedTemplate) -> Iterator[MailEventDestination]:
    """Yield the enabled destinations that are the default event bus or a topic."""
    for logical_id, properties in template.of_type(MAIL_EVENT_DESTINATION):
        declared = properties.get("EventDestination", {})
        topic = declared.get("SnsDestination", {}).get("TopicARN")
        if is_true(declared.get("Enabled", False)) and (topic or "EventBridgeDestination" in declared):
            yield MailEventDestination(
                logical_id=logical_id,
                configuration_set=str(properties["ConfigurationSetName"]),
                event_types=frozenset(map(str, declared.get("MatchingEventTypes", []))),
                topic=str(topic) if topic else None,
            )

"""Model of an application: the parts that a template declares, as plain values without intrinsic functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from samrun.template.model.functions import Function, PreviewFolder
from samrun.template.model.http_apis import FunctionUrl, HttpApi
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.kafka_topics import KafkaTopic
from samrun.template.model.mail_receipts import ReceiptRule
from samrun.template.model.pipes import Pipe
from samrun.template.model.rest_apis import RestApi
from samrun.template.model.triggers import (
    AddressSubscription,
    CustomResource,
    EventRule,
    MailEventDestination,
    Notification,
    QueueTrigger,
    Schedule,
    StreamTrigger,
)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource that the functions use (a table, a queue, …) with its physical name and resolved properties."""

    logical_id: str
    type: str
    name: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class MissingTrigger:
    """A trigger that the runner does not run: its event source, why it is left out, and what to do instead."""

    logical_id: str
    function: str
    source: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.function} is not triggered by {self.logical_id} ({self.source}): {self.reason}. {self.remedy}."


@dataclass(frozen=True, kw_only=True)
class Application:
    """The parts of a template that the runner runs. `ignored` describes the parts that it does not run."""

    functions: tuple[Function, ...]
    apis: tuple[HttpApi, ...]
    mappings: tuple[KafkaMapping, ...]
    schedules: tuple[Schedule, ...]
    resources: tuple[Resource, ...]
    ignored: tuple[str, ...]
    queue_triggers: tuple[QueueTrigger, ...] = ()
    stream_triggers: tuple[StreamTrigger, ...] = ()
    notifications: tuple[Notification, ...] = ()
    event_rules: tuple[EventRule, ...] = ()
    mail_event_destinations: tuple[MailEventDestination, ...] = ()
    custom_resources: tuple[CustomResource, ...] = ()
    table_copies: tuple[StreamTrigger, ...] = ()
    """Each has a stream of Kinesis in the place of a function."""
    missing_triggers: tuple[MissingTrigger, ...] = ()
    rest_apis: tuple[RestApi, ...] = ()
    function_urls: tuple[FunctionUrl, ...] = ()
    preview_folders: tuple[PreviewFolder, ...] = ()
    kafka_topics: tuple[KafkaTopic, ...] = ()
    pipes: tuple[Pipe, ...] = ()
    receipt_rules: tuple[ReceiptRule, ...] = ()
    address_subscriptions: tuple[AddressSubscription, ...] = ()

    @property
    def all_apis(self) -> tuple[HttpApi | RestApi, ...]:
        """The APIs of both kinds."""
        return (*self.apis, *self.rest_apis)

    @property
    def serves_http(self) -> bool:
        """Tell whether the application has an API or a function URL."""
        return bool(self.all_apis or self.function_urls)


def concatenate(applications: Iterable[Application]) -> Application:
    """Return one application with the parts of all, in their order."""
    every = list(applications)
    return Application(
        **{
            field.name: tuple(part for each in every for part in getattr(each, field.name))
            for field in fields(Application)
        }
    )

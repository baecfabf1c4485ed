"""Triggers of an application by queues, streams, events and time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from samrun.filtering.filter_pattern import FilterPattern
from samrun.template.model.pipes import ApiDestination
from samrun.template.triggers.schedule_expressions import Service, Times


@dataclass(frozen=True, kw_only=True)
class QueueTrigger:
    """An event source mapping of an SQS queue, with the names and units of Lambda's API.

    `window` is in seconds. `concurrency` is the maximum of batches at a time, or None if the mapping has none. A
    message that matches one of the `filters` reaches the function; without filters, every message does. If the trigger
    `extends_visibility`, a message stays invisible for as long as the function has it; Lambda's does not. `properties`
    are those of which the trigger was made, by CloudFormation's names.
    """

    logical_id: str
    function: str
    queue_arn: str
    batch_size: int
    window: float
    report_batch_item_failures: bool
    concurrency: int | None = None
    filters: tuple[FilterPattern, ...] = ()
    enabled: bool = True
    extends_visibility: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def queue(self) -> str:
        """The name of the queue."""
        return self.queue_arn.rpartition(":")[2]


@dataclass(frozen=True, kw_only=True)
class StreamTrigger:
    """An event source mapping of a stream, with the names and units of Lambda's API.

    `name` is the table of a stream of DynamoDB (`dynamodb`), or the stream of Kinesis (`kinesis`). `window` and
    `maximum_age` are in seconds, `starting_timestamp` (for AT_TIMESTAMP) in Unix seconds. `maximum_retries` does not
    count the first attempt; None means no limit. `on_failure` is the ARN of a queue, a topic or a bucket. `properties`
    are those of which the trigger was made, by CloudFormation's names.
    """

    logical_id: str
    function: str
    function_arn: str
    service: Literal["dynamodb", "kinesis"]
    stream_arn: str
    name: str
    batch_size: int
    window: float
    starting_position: Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
    starting_timestamp: float | None = None
    report_batch_item_failures: bool = False
    bisect: bool = False
    maximum_retries: int | None = None
    maximum_age: float | None = None
    on_failure: str | None = None
    filters: tuple[FilterPattern, ...] = ()
    enabled: bool = True
    properties: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class TargetInput:
    """Input of a target: the event, or `input`, or a part or a transformation of the event.

    `input` is a JSON text. Else it is the part of the event at `input_path`, or `template` with the parts of the event
    at `paths` filled in.
    """

    input: str | None = None
    input_path: str | None = None
    template: str | None = None
    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Schedule(TargetInput):
    """A schedule that invokes a function: a rule of EventBridge (`events`) or a schedule of EventBridge Scheduler.

    Without a `function`, it starts executions of the state machine with the ARN `target`.
    `expression` describes the `times`; `start` and `end` bound them. `dead_letter_queue` is the ARN of the queue that
    gets the events that cannot be sent to the function.
    """

    logical_id: str
    service: Service
    arn: str
    target: str
    function: str | None
    expression: str
    times: Times
    start: datetime | None = None
    end: datetime | None = None
    dead_letter_queue: str | None = None


@dataclass(frozen=True, kw_only=True)
class Notification:
    """Notifications of a function by a topic (`sns`) or a bucket (`s3`) of that name, through an event `queue`."""

    service: Literal["s3", "sns"]
    source: str
    function: str
    queue: str


@dataclass(frozen=True, kw_only=True)
class AddressSubscription:
    """Subscription of a mail address or a phone number to the topic of that name, through an event `queue`."""

    topic: str
    protocol: Literal["email", "email-json", "sms"]
    address: str
    queue: str


@dataclass(frozen=True, kw_only=True)
class MailEventDestination:
    """Destination of SES's events about the mails of a configuration set: a topic's ARN, or None for the default bus.

    `event_types` are SES's names, such as `bounce` and `deliveryDelay`.
    """

    logical_id: str
    configuration_set: str
    event_types: frozenset[str]
    topic: str | None


@dataclass(frozen=True, kw_only=True)
class EventTarget(TargetInput):
    """A target of a rule: a function, an API destination, or else a queue, a topic, an event bus or a state machine.

    The request to a destination has the path's values, the headers and the query's parameters of `http`.
    `message_group` is the one of a FIFO queue's messages. `dead_letter_queue` is the ARN of the queue that gets the
    events that the target cannot get.
    """

    arn: str
    function: str | None
    destination: ApiDestination | None = None
    http: Mapping[str, Any] = field(default_factory=dict)
    message_group: str | None = None
    dead_letter_queue: str | None = None


@dataclass(frozen=True, kw_only=True)
class EventRule:
    """A rule of EventBridge that waits for events on a bus, which has that name."""

    logical_id: str
    arn: str
    bus: str
    pattern: FilterPattern
    targets: tuple[EventTarget, ...]

    @property
    def name(self) -> str:
        """The name of the rule."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class CustomResource:
    """A resource of its own type, which a function makes. The properties have texts alone, and the ServiceToken."""

    logical_id: str
    type: str
    function: str
    properties: Mapping[str, Any]

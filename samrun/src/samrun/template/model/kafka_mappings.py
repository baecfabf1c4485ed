"""Kafka event source mappings of an application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from samrun.filtering.filter_pattern import FilterPattern

Redeliver = Literal["failed", "from-lowest"]
"""Records to retry after a partial batch response: the failed ones, or those from the lowest failed offset on."""


@dataclass(frozen=True, kw_only=True)
class KafkaAuthentication:
    """Authentication of a mapping: ARNs of secrets, by the types of SourceAccessConfigurations; None if it has none.

    `user` is a user with a password, who authenticates by `mechanism`, Kafka's name of it. `certificate` is a client's
    certificate with its key, and `ca` the certificate of the CA that signed the brokers'. `unsupported` are the types
    by which samrun cannot authenticate.
    """

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    user: str | None = None
    certificate: str | None = None
    ca: str | None = None
    unsupported: tuple[str, ...] = ()

    @property
    def has_secrets(self) -> bool:
        """Tell whether samrun can authenticate with it, or check the brokers' certificates."""
        return any((self.user, self.certificate, self.ca))

    def __bool__(self) -> bool:
        """Return whether the mapping authenticates, or checks the brokers' certificates."""
        return self.has_secrets or bool(self.unsupported)


@dataclass(frozen=True, kw_only=True)
class SchemaRegistryConfig:
    """Schema registry of a mapping: which `attributes` of records it validates, and what the function gets of them.

    `uri` is a URL or the ARN of a registry of Glue; it is empty if only AWS knows it. `access` has the ARNs of secrets,
    by the type of AWS.
    """

    uri: str
    record_format: Literal["JSON", "SOURCE"]
    attributes: frozenset[Literal["KEY", "VALUE"]]
    access: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_glue(self) -> bool:
        """Tell whether it is a registry of AWS Glue; the others are of Confluent's kind."""
        return self.uri.startswith("arn:") and ":glue:" in self.uri


@dataclass(frozen=True, kw_only=True)
class KafkaMapping:
    """A Kafka event source mapping, with the names and units of Lambda's API.

    `qualifier` is the alias or the version that the mapping invokes, if it names one; `function_arn` ends with it.
    `event_source_arn` is None for a self-managed cluster; `bootstrap` (host:port,…) is None for MSK. `window` is in
    seconds, `starting_timestamp` (for AT_TIMESTAMP) in Unix seconds.

    `maximum_retries` does not count the first attempt, and `maximum_age` is in seconds; None means no limit.
    `on_failure` is the ARN of the bucket, queue or topic of SNS to which the poller sends discarded batches, or
    kafka://topic. A record that matches one of the `filters` reaches the function; without filters, every record does.

    `properties` are those of which the mapping was made, by CloudFormation's names.
    """

    logical_id: str
    function: str
    function_arn: str
    topic: str
    consumer_group: str
    event_source_arn: str | None
    batch_size: int
    window: float
    starting_position: Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
    starting_timestamp: float | None
    report_batch_item_failures: bool
    qualifier: str | None = None
    bisect: bool = False
    maximum_retries: int | None = None
    maximum_age: float | None = None
    on_failure: str | None = None
    bootstrap: str | None = None
    authentication: KafkaAuthentication = KafkaAuthentication()
    filters: tuple[FilterPattern, ...] = ()
    schema_registry: SchemaRegistryConfig | None = None
    enabled: bool = True
    properties: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def on_failure_topic(self) -> str | None:
        """The topic of the on-failure destination, if that is one of Kafka."""
        scheme, _, topic = (self.on_failure or "").partition("kafka://")
        return topic if topic and not scheme else None

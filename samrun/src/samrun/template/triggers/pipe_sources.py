"""Sources of pipes, as event source mappings: EventBridge reads them as Lambda reads those of functions.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-source.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.model.pipes import pipe_consumer
from samrun.template.resolution.defaults import with_defaults
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import EVENT_SOURCE_MAPPING, PIPE
from samrun.template.triggers.pipe_steps import steps_not_run

# The parameters of a source that a mapping has by the same name.
_SAME = (
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "StartingPosition",
    "StartingPositionTimestamp",
)
_CREDENTIALS = {
    "BasicAuth": "BASIC_AUTH",
    "ClientCertificateTlsAuth": "CLIENT_CERTIFICATE_TLS_AUTH",
    "SaslScram256Auth": "SASL_SCRAM_256_AUTH",
    "SaslScram512Auth": "SASL_SCRAM_512_AUTH",
}
_SELF_MANAGED = "smk://"
_OF_BROKERS = ("ActiveMQBrokerParameters", "RabbitMQBrokerParameters")


def pipe_sources(template: ResolvedTemplate) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the logical id of each pipe that runs, and the properties of the mapping that reads its source."""
    for logical_id, properties in template.of_type(PIPE):
        if list(steps_not_run(template, properties)):
            continue
        mapping = {
            "FunctionName": pipe_consumer(template.name(logical_id)),
            "Enabled": properties.get("DesiredState", "RUNNING") == "RUNNING",
            "EventSourceArn": properties["Source"],
            **dict(_of_source(str(properties["Source"]), properties.get("SourceParameters", {}))),
        }
        yield logical_id, with_defaults(EVENT_SOURCE_MAPPING, mapping)


def _of_source(source: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "FilterCriteria" in parameters:
        yield "FilterCriteria", parameters["FilterCriteria"]
    if any(name in parameters for name in _OF_BROKERS):
        yield "Queues", []
    own: Mapping[str, Any] = next((each for name, each in parameters.items() if name.endswith("Parameters")), {})
    yield from ((name, own[name]) for name in _SAME if name in own)
    if "DeadLetterConfig" in own:
        yield "DestinationConfig", {"OnFailure": {"Destination": own["DeadLetterConfig"]["Arn"]}}
    if own.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT":
        yield "BisectBatchOnFunctionError", True
    if "TopicName" in own:
        yield "Topics", [own["TopicName"]]
        yield from _of_kafka(source, own)
    else:
        # The target of a pipe may name the events that failed, without a setting.
        yield "FunctionResponseTypes", ["ReportBatchItemFailures"]


def _of_kafka(source: str, own: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    given = {**own.get("Credentials", {}), "ServerRootCaCertificate": own.get("ServerRootCaCertificate")}
    types = {**_CREDENTIALS, "ServerRootCaCertificate": "SERVER_ROOT_CA_CERTIFICATE"}
    if access := [{"Type": types[name], "URI": secret} for name, secret in given.items() if secret and name in types]:
        yield "SourceAccessConfigurations", access
    group = {"ConsumerGroupId": own["ConsumerGroupID"]} if "ConsumerGroupID" in own else {}
    if source.startswith(_SELF_MANAGED) or "AdditionalBootstrapServers" in own:
        first = [source.removeprefix(_SELF_MANAGED)] if source.startswith(_SELF_MANAGED) else []
        brokers = [*first, *own.get("AdditionalBootstrapServers", [])]
        yield "SelfManagedEventSource", {"Endpoints": {"KafkaBootstrapServers": brokers}}
        yield "SelfManagedKafkaEventSourceConfig", group
    else:
        yield "AmazonManagedKafkaEventSourceConfig", group

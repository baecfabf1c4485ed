"""Resources of a template: creates its tables, queues, topics, buckets, secrets and the like in the local AWS."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from samrun.error_code import error_code
from samrun.errors import UserError
from samrun.services import buckets, tables
from samrun.services.clients import Clients
from samrun.services.event_queues import create_event_queue
from samrun.template.arns import function_name
from samrun.template.model.account import ACCOUNT
from samrun.template.model.application import Resource
from samrun.template.resolution.scalars import as_text
from samrun.template.resolution.secret_values import secret_value
from samrun.template.support.resource_types import STATE_MACHINE

# Properties of a queue that are attributes of the same name in the API.
_QUEUE = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)
_TOPIC = ("ContentBasedDeduplication", "DisplayName", "FifoTopic")
_SUBSCRIPTION = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")


class ResourceError(UserError):
    """A resource of the template could not be created; the message names it."""


def _raise(error: ResourceError) -> NoReturn:
    raise error


def create_resources(
    resources: Iterable[Resource], client: Clients, *, on_error: Callable[[ResourceError], object] = _raise
) -> list[Resource]:
    """Create the resources that do not exist yet, and return them.

    An existing resource is not changed, even if the template has changed. `on_error` gets the error of each resource
    that could not be created, and raises it by default.
    """
    created = []
    for resource in sorted(resources, key=_rank):
        try:
            if _create(resource, client):
                created.append(resource)
        except ResourceError as error:
            on_error(error)
    return created


def _rank(resource: Resource) -> int:
    """Return the place of a resource in the order of creation: the resources that it refers to come first."""
    is_dead_letter_queues_source = resource.type == "AWS::SQS::Queue" and "RedrivePolicy" in resource.properties
    return _RANKS[resource.type] + is_dead_letter_queues_source


def _create(resource: Resource, client: Clients) -> bool:
    try:
        _CREATORS[resource.type](resource, client)
    except (BotoCoreError, ClientError) as error:
        if error_code(error) in _EXISTS:
            return False
        raise ResourceError(f"{resource.logical_id} ({resource.type}) could not be created: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ResourceError(
            f"{resource.logical_id} ({resource.type}) could not be created, because a property is missing or has "
            f"another form than CloudFormation documents: {error!r}"
        ) from error
    return True


# Codes of the errors that say: the resource exists already.
_EXISTS = {
    "AlreadyExistsException",
    "BucketAlreadyOwnedByYou",
    "ConfigurationSetAlreadyExistsException",
    "ParameterAlreadyExists",
    "QueueAlreadyExists",
    "ResourceAlreadyExistsException",
    "ResourceExistsException",
    "ResourceInUseException",
    "StateMachineAlreadyExists",
}


def _create_queue(resource: Resource, client: Clients) -> None:
    client("sqs").create_queue(QueueName=resource.name, Attributes=_attributes(resource.properties, _QUEUE))


def _create_topic(resource: Resource, client: Clients) -> None:
    attributes = _attributes(resource.properties, _TOPIC)
    topic = client("sns").create_topic(Name=resource.name, Attributes=attributes)["TopicArn"]
    for subscription in resource.properties.get("Subscription", []):
        _subscribe({"TopicArn": topic, **subscription}, client)


def _create_subscription(resource: Resource, client: Clients) -> None:
    _subscribe(resource.properties, client)


def _subscribe(properties: Mapping[str, Any], client: Clients) -> None:
    topic, protocol, endpoint = properties["TopicArn"], properties["Protocol"], properties["Endpoint"]
    name = topic.rpartition(":")[2]
    if protocol == "lambda":
        protocol, endpoint = "sqs", create_event_queue("sns", name, function_name(endpoint), client)
    elif protocol in ("email", "email-json", "sms"):
        protocol, endpoint = "sqs", create_event_queue("sns", name, endpoint, client)
    attributes = _attributes(properties, _SUBSCRIPTION)
    if attributes.get("RawMessageDelivery") == "false":
        del attributes["RawMessageDelivery"]  # moto takes every text for true
    client("sns").subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)


def _create_secret(resource: Resource, client: Clients) -> None:
    client("secretsmanager").create_secret(
        Name=resource.name, SecretString=secret_value(resource.name, resource.properties)
    )


def _create_parameter(resource: Resource, client: Clients) -> None:
    client("ssm").put_parameter(
        Name=resource.name, Type=resource.properties["Type"], Value=str(resource.properties["Value"])
    )


def _create_event_bus(resource: Resource, client: Clients) -> None:
    client("events").create_event_bus(Name=resource.name)


def _create_data_stream(resource: Resource, client: Clients) -> None:
    mode = resource.properties.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    options: Mapping[str, Any] = (
        {"StreamModeDetails": {"StreamMode": mode}}
        if mode == "ON_DEMAND"
        else {"ShardCount": int(resource.properties.get("ShardCount", 1))}
    )
    client("kinesis").create_stream(StreamName=resource.name, **options)


def _create_key(resource: Resource, client: Clients) -> None:
    """Create a key, with the alias by which the template's references name it."""
    kms = client("kms")
    try:
        kms.describe_key(KeyId=resource.name)
    except kms.exceptions.NotFoundException:
        options = {name: resource.properties[name] for name in ("KeySpec", "KeyUsage") if name in resource.properties}
        key = kms.create_key(**options)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=resource.name, TargetKeyId=key)


def _create_key_alias(resource: Resource, client: Clients) -> None:
    kms = client("kms")
    key = kms.describe_key(KeyId=resource.properties["TargetKeyId"])["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=resource.properties["AliasName"], TargetKeyId=key)


def _create_email_identity(resource: Resource, client: Clients) -> None:
    client("sesv2").create_email_identity(EmailIdentity=resource.name)


def _create_configuration_set(resource: Resource, client: Clients) -> None:
    client("sesv2").create_configuration_set(ConfigurationSetName=resource.name)


def _create_state_machine(resource: Resource, client: Clients) -> None:
    client("stepfunctions").create_state_machine(
        name=resource.name,
        definition=resource.properties["DefinitionString"],
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/{resource.name}",
        type=resource.properties["StateMachineType"],
    )


# In the order of creation: a resource may name those of earlier types.
_CREATORS: Mapping[str, Callable[[Resource, Clients], None]] = {
    "AWS::SQS::Queue": _create_queue,
    "AWS::KMS::Key": _create_key,
    "AWS::KMS::Alias": _create_key_alias,
    "AWS::DynamoDB::Table": tables.create,
    "AWS::Events::EventBus": _create_event_bus,
    "AWS::Kinesis::Stream": _create_data_stream,
    "AWS::SecretsManager::Secret": _create_secret,
    "AWS::SES::ConfigurationSet": _create_configuration_set,
    "AWS::SES::EmailIdentity": _create_email_identity,
    "AWS::SNS::Topic": _create_topic,
    "AWS::SNS::Subscription": _create_subscription,
    "AWS::SSM::Parameter": _create_parameter,
    "AWS::S3::Bucket": buckets.create,
    STATE_MACHINE: _create_state_machine,
}
_RANKS = {kind: rank for rank, kind in enumerate(_CREATORS)}


def _attributes(properties: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    return {name: as_text(properties[name]) for name in names if name in properties}

"""Event sources of functions: which ones the runner runs, and which functions it leaves without a trigger."""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.arns import function_name
from samrun.template.model.application import MissingTrigger
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.levels import AS_AWS, Level, Support, different, not_run
from samrun.template.triggers.event_source_mappings import event_source_mappings
from samrun.template.triggers.stream_triggers import streams_by_arn

_UNKNOWN = "unknown event source"
_BY_HAND = "Invoke the function yourself, with an event of that kind"

EVENT_SOURCES: Mapping[str, Support] = {
    "Amazon MSK": different("the local Kafka stands for the cluster"),
    "self-managed Apache Kafka": different("the local Kafka stands for the cluster"),
    "HTTP API": AS_AWS,
    "REST API": AS_AWS,
    "function URL": different("the path /lambda-url/FUNCTION/ on the port of the APIs stands for the URL's own host"),
    "schedule": AS_AWS,
    "SQS queue": AS_AWS,
    "EventBridge rule": AS_AWS,
    "SNS topic": AS_AWS,
    "S3 notification": AS_AWS,
    "DynamoDB stream": different("one batch of a shard at a time; a stream of another stack is not read"),
    "Kinesis stream": different("one batch of a shard at a time; a stream of another stack is not read"),
    "Amazon MQ": not_run("samrun has no broker of Amazon MQ"),
    "Amazon DocumentDB": not_run("samrun has no DocumentDB"),
    "Alexa": not_run("samrun cannot be reached by Alexa"),
    "Application Load Balancer": not_run("samrun has no load balancer"),
    "AWS IoT": not_run("samrun has no message broker of AWS IoT"),
    "AWS Config": not_run("samrun has no AWS Config"),
    "Amazon Cognito": not_run("samrun has no user pools"),
    "Amazon Bedrock": not_run("samrun has no agents of Amazon Bedrock"),
    "Amazon Lex": not_run("samrun has no bots of Amazon Lex"),
    "CloudWatch Logs": not_run("samrun sends no logs to CloudWatch"),
    "CloudWatch alarm": not_run("samrun watches no metrics"),
    "CodeCommit": not_run("samrun has no repositories"),
    "CodePipeline": not_run("samrun has no pipelines"),
    "Amazon SES": not_run("samrun receives no mail"),
    "Secrets Manager rotation": not_run("samrun rotates no secrets"),
    "VPC Lattice": not_run("samrun has no service networks"),
    _UNKNOWN: not_run("samrun does not know the service of its EventSourceArn"),
}

# The service that polls for a mapping, as its ARN names it.
_OF_MAPPINGS = {
    "sqs": "SQS queue",
    "dynamodb": "DynamoDB stream",
    "kinesis": "Kinesis stream",
    "mq": "Amazon MQ",
    "rds": "Amazon DocumentDB",
}
# The principals to whom templates give the permission to invoke a function. The modules of APIs, schedules and events
# read the rest: these have a resource of their own that says which route or event it is.
_OF_PRINCIPALS = {
    "alexa-appkit.amazon.com": "Alexa",
    "alexa-connectedhome.amazon.com": "Alexa",
    "bedrock.amazonaws.com": "Amazon Bedrock",
    "codecommit.amazonaws.com": "CodeCommit",
    "codepipeline.amazonaws.com": "CodePipeline",
    "cognito-idp.amazonaws.com": "Amazon Cognito",
    "config.amazonaws.com": "AWS Config",
    "elasticloadbalancing.amazonaws.com": "Application Load Balancer",
    "iot.amazonaws.com": "AWS IoT",
    "lambda.alarms.cloudwatch.amazonaws.com": "CloudWatch alarm",
    "lex.amazonaws.com": "Amazon Lex",
    "lexv2.amazonaws.com": "Amazon Lex",
    "logs.amazonaws.com": "CloudWatch Logs",
    "secretsmanager.amazonaws.com": "Secrets Manager rotation",
    "ses.amazonaws.com": "Amazon SES",
    "vpc-lattice.amazonaws.com": "VPC Lattice",
}


def missing_triggers(template: ResolvedTemplate) -> Iterator[MissingTrigger]:
    """Yield each trigger of a function that the runner does not run."""
    functions = template.function_arns()
    yield from _of_other_stacks(template)
    for logical_id, source, reference in _triggers(template):
        support, function = EVENT_SOURCES[source], function_name(reference)
        if support.level is Level.NOT_RUN and function in functions:
            yield MissingTrigger(
                logical_id=logical_id, function=function, source=source, reason=support.note, remedy=_BY_HAND
            )


def _of_other_stacks(template: ResolvedTemplate) -> Iterator[MissingTrigger]:
    """Yield each trigger by a stream that the template does not declare."""
    functions, streams = template.function_arns(), streams_by_arn(template)
    for logical_id, properties in event_source_mappings(template):
        source, function = _source_of_mapping(properties), function_name(str(properties["FunctionName"]))
        is_stream = source in {"DynamoDB stream", "Kinesis stream"}
        if is_stream and function in functions and str(properties["EventSourceArn"]) not in streams:
            yield MissingTrigger(
                logical_id=logical_id,
                function=function,
                source=str(source),
                reason=f"the template does not declare {properties['EventSourceArn']}",
                remedy=_BY_HAND,
            )


def _triggers(template: ResolvedTemplate) -> Iterator[tuple[str, str, str]]:
    """Yield the logical id, the event source and the function of each trigger that no other module reads."""
    for logical_id, properties in event_source_mappings(template):
        if source := _source_of_mapping(properties):
            yield logical_id, source, str(properties["FunctionName"])
    for logical_id, properties in template.of_type("AWS::Lambda::Permission"):
        if source := _OF_PRINCIPALS.get(str(properties.get("Principal"))):
            yield logical_id, source, str(properties["FunctionName"])


def _source_of_mapping(properties: Mapping[str, Any]) -> str | None:
    """Return the event source of a mapping, or None if it is Kafka."""
    if "Topics" in properties or "SelfManagedEventSource" in properties:
        return None
    if "Queues" in properties:
        return "Amazon MQ"
    if "DocumentDBEventSourceConfig" in properties:
        return "Amazon DocumentDB"
    match str(properties.get("EventSourceArn")).split(":"):
        case [_, _, "kafka", *_]:
            return None
        case [_, _, service, *_]:
            return _OF_MAPPINGS.get(service, _UNKNOWN)
    return _UNKNOWN

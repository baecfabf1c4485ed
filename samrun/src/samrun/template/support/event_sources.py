"""Event sources of functions: which ones the runner runs, and which functions it leaves without a trigger."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.arns import function_name
from samrun.template.model.application import MissingTrigger
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.levels import AS_AWS, Level, Support, different, not_run
from samrun.template.support.mapping_sources import STREAMS, UNKNOWN, event_source
from samrun.template.support.resource_types import FUNCTION, HTTP_API, KNOWN, REST_API
from samrun.template.triggers.custom_resources import read_custom_resources
from samrun.template.triggers.event_source_mappings import consumers, event_source_mappings
from samrun.template.triggers.mapping_properties import is_enabled
from samrun.template.triggers.stream_triggers import streams_by_arn

_PERMISSION = "AWS::Lambda::Permission"
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
    "Amazon SES": different(
        "the mails that the local SES sends to a recipient of a receipt rule are received; every rule set is active"
    ),
    "Secrets Manager rotation": not_run("samrun rotates no secrets"),
    "VPC Lattice": not_run("samrun has no service networks"),
    "WebSocket API": not_run("samrun runs no WebSocket APIs"),
    "EventBridge pipe": different(
        "its target is a function, a state machine, an API destination, a queue, a topic, an event bus, a stream of "
        "Kinesis or a log group; its source is read as that of an event source mapping"
    ),
    "Step Functions": different("moto runs the state machines; tasks of services that it only imitates are named"),
    "custom resource": different("a Create at each start, before the schedules; nothing else refers to its answer"),
    UNKNOWN: not_run("samrun does not know the service of its EventSourceArn"),
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
    "vpc-lattice.amazonaws.com": "VPC Lattice",
}
# Types of resources that invoke functions, or the services of such types, and their event sources.
_OF_TYPES = {
    "AWS::CloudFormation::CustomResource": "custom resource",
    "AWS::Cognito": "Amazon Cognito",
    "AWS::Config": "AWS Config",
    "AWS::ElasticLoadBalancingV2": "Application Load Balancer",
    "AWS::IoT": "AWS IoT",
    "AWS::Logs": "CloudWatch Logs",
    "AWS::Pipes": "EventBridge pipe",
    "AWS::SecretsManager": "Secrets Manager rotation",
    "AWS::SES": "Amazon SES",
    "AWS::StepFunctions": "Step Functions",
    "AWS::VpcLattice": "VPC Lattice",
    "Custom": "custom resource",
}
# A resource, or an attribute of one, in a text of Fn::Sub.
_IN_TEXT = re.compile(r"\$\{(\w+)[.}]")


def missing_triggers(template: ResolvedTemplate) -> Iterator[MissingTrigger]:
    """Yield each trigger of a function that the runner does not run."""
    functions = template.function_arns()
    found = [*_of_mappings(template), *_of_permissions(template), *_of_documents_in_s3(template)]
    yield from found
    named = {(each.function, each.source) for each in found}
    for logical_id, kind, function in _of_resources_not_run(template):
        source = _OF_TYPES.get(kind) or _OF_TYPES.get(kind.rpartition("::")[0]) or kind
        # A load balancer, for example, has a permission and a target group.
        if function in functions and (function, source) not in named:
            named.add((function, source))
            support = EVENT_SOURCES.get(source)
            reason = support.note if support and support.level is Level.NOT_RUN else "samrun does not run it"
            yield MissingTrigger(
                logical_id=logical_id, function=function, source=source, reason=reason, remedy=_BY_HAND
            )


def _of_mappings(template: ResolvedTemplate) -> Iterator[MissingTrigger]:
    functions, streams = consumers(template), streams_by_arn(template)
    for logical_id, properties in event_source_mappings(template):
        source, function = event_source(properties), function_name(str(properties["FunctionName"]))
        remedy = _BY_HAND
        if EVENT_SOURCES[source].level is Level.NOT_RUN:
            reason = EVENT_SOURCES[source].note
        elif not is_enabled(logical_id, properties):
            continue
        elif function not in functions:
            reason = f"{function} is not a function of the template"
            remedy = "Declare the trigger in the template of the function, or invoke it yourself"
        elif source in STREAMS and str(properties["EventSourceArn"]) not in streams:
            reason = f"the template does not declare {properties['EventSourceArn']}"
        else:
            continue
        yield MissingTrigger(logical_id=logical_id, function=function, source=source, reason=reason, remedy=remedy)


def _of_permissions(template: ResolvedTemplate) -> Iterator[MissingTrigger]:
    """Yield each trigger by a service that may invoke a function, and that no other module reads."""
    functions = template.function_arns()
    for logical_id, properties in template.of_type(_PERMISSION):
        source = _OF_PRINCIPALS.get(str(properties.get("Principal")))
        function = function_name(str(properties["FunctionName"]))
        if source and function in functions:
            yield MissingTrigger(
                logical_id=logical_id,
                function=function,
                source=source,
                reason=EVENT_SOURCES[source].note,
                remedy=_BY_HAND,
            )


def _of_documents_in_s3(template: ResolvedTemplate) -> Iterator[MissingTrigger]:
    """Yield each trigger by an API whose routes only its document in S3 has: a permission names the function."""
    functions = template.function_arns()
    apis = {
        template.name(logical_id): (logical_id, source)
        for kind, source in ((REST_API, "REST API"), (HTTP_API, "HTTP API"))
        for logical_id, properties in template.of_type(kind)
        if properties.get("BodyS3Location")
    }
    for function, api in dict.fromkeys(_invoking_apis(template)):
        if function in functions and api in apis:
            logical_id, source = apis[api]
            yield MissingTrigger(
                logical_id=logical_id,
                function=function,
                source=source,
                reason="samrun reads no document from S3",
                remedy="Give the API a local DefinitionUri, or invoke the function yourself",
            )


def _invoking_apis(template: ResolvedTemplate) -> Iterator[tuple[str, str]]:
    """Yield the name of a function and the id of an API that may invoke it, for each permission of such an API."""
    for _, properties in template.of_type(_PERMISSION):
        if properties.get("Principal") == "apigateway.amazonaws.com":
            api = str(properties.get("SourceArn")).rpartition(":")[2].partition("/")[0]
            yield function_name(str(properties["FunctionName"])), api


def _of_resources_not_run(template: ResolvedTemplate) -> Iterator[tuple[str, str, str]]:
    """Yield the logical id and the type of each resource that is not run, with each function that it names.

    Its properties are not resolved: they may refer to what only AWS knows.
    """
    names = {logical_id: template.name(logical_id) for logical_id, _ in template.of_type(FUNCTION)}
    for logical_id, alias in template.of_type("AWS::Lambda::Alias"):
        names[logical_id] = function_name(str(alias["FunctionName"]))
    custom = {each.logical_id for each in read_custom_resources(template)}
    for logical_id, resource in template.resources.items():
        if resource["Type"] not in KNOWN and logical_id not in custom:
            found = (names[each] for each in _referred(resource.get("Properties")) if each in names)
            for function in dict.fromkeys(found):
                yield logical_id, resource["Type"], function


def _referred(value: Any) -> Iterator[str]:
    """Yield the logical ids to which a value refers."""
    match value:
        case {"Ref": str() as logical_id, **others} if not others:
            yield logical_id
        case {"Fn::GetAtt": str() | [str(), *_] as attribute, **others} if not others:
            yield (attribute if isinstance(attribute, str) else attribute[0]).partition(".")[0]
        case {"Fn::Sub": str() | [str(), *_] as text, **others} if not others:
            yield from _IN_TEXT.findall(text if isinstance(text, str) else text[0])
            yield from _referred([] if isinstance(text, str) else text[1:])
        case dict():
            for each in value.values():
                yield from _referred(each)
        case list():
            for each in value:
                yield from _referred(each)

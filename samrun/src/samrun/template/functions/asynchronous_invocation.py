"""Asynchronous invocation of a function: its retries, the age of its events, and who gets the results.

AWS::Lambda::EventInvokeConfig has most of it, the function itself its dead-letter queue.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.arns import function_name
from samrun.template.model.functions import AsynchronousInvocation
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import EVENT_INVOKE_CONFIG, FUNCTION

_DEFAULT = AsynchronousInvocation()
# The services of destinations. Lambda accepts S3 on failure only:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
_DESTINATIONS = {"OnSuccess": ("sqs", "sns", "lambda", "events"), "OnFailure": ("sqs", "sns", "lambda", "events", "s3")}


def asynchronous_invocations(template: ResolvedTemplate) -> dict[str, AsynchronousInvocation]:
    """Return the settings of each function, by its name."""
    configs = {
        function_name(config["FunctionName"]): config for _logical_id, config in template.of_type(EVENT_INVOKE_CONFIG)
    }
    return {
        template.name(logical_id): _settings(properties, configs.get(template.name(logical_id), {}))
        for logical_id, properties in template.of_type(FUNCTION)
    }


def ignored_in_asynchronous_invocations(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each function, and each destination, that is not on this machine."""
    functions = template.function_arns()
    for logical_id, config in template.of_type(EVENT_INVOKE_CONFIG):
        if (function := function_name(str(config["FunctionName"]))) not in functions:
            yield f"{logical_id}: its function {function} is not in the template"
        for condition, services in _DESTINATIONS.items():
            arn = _destination(config, condition)
            if arn and _service(arn) not in services:
                yield f"{logical_id}: {condition} to {arn}, which is no destination that Lambda has"


def _settings(properties: Mapping[str, Any], config: Mapping[str, Any]) -> AsynchronousInvocation:
    return AsynchronousInvocation(
        maximum_retries=int(config.get("MaximumRetryAttempts", _DEFAULT.maximum_retries)),
        maximum_age=float(config.get("MaximumEventAgeInSeconds", _DEFAULT.maximum_age)),
        on_success=_destination(config, "OnSuccess"),
        on_failure=_destination(config, "OnFailure"),
        dead_letter_queue=properties.get("DeadLetterConfig", {}).get("TargetArn"),
    )


def _destination(config: Mapping[str, Any], condition: str) -> str | None:
    found = config.get("DestinationConfig", {}).get(condition, {}).get("Destination")
    return str(found) if found else None


def _service(arn: str) -> str:
    return (*arn.split(":"), "", "", "")[2]

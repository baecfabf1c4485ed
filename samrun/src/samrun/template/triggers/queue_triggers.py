"""SQS triggers of a template: AWS::Lambda::EventSourceMapping whose source is a queue.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html documents their properties.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from samrun.filtering.filter_pattern import SQS_FIELDS
from samrun.template.arns import function_name
from samrun.template.errors import TemplateError
from samrun.template.model.application import Resource
from samrun.template.model.functions import Function
from samrun.template.model.triggers import QueueTrigger
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import FUNCTION
from samrun.template.triggers.event_source_mappings import consumers, event_source_mappings
from samrun.template.triggers.mapping_limits import mapping_violations
from samrun.template.triggers.mapping_properties import filters, is_enabled

_QUEUE = "AWS::SQS::Queue"
_BATCH_SIZE = 10
# A larger batch needs a window, and a FIFO queue has no larger one.
_MAX_BATCH_SIZE_AT_ONCE = 10
# Seconds: the defaults of a queue and of a function.
_VISIBILITY_TIMEOUT = 30
_TIMEOUT = 3


def read_queue_triggers(template: ResolvedTemplate, *, path: Path) -> Iterator[QueueTrigger]:
    """Yield the triggers whose function, or whose pipe, the template has. Raises TemplateError."""
    timeouts = {
        template.name(logical_id): int(found.get("Timeout", _TIMEOUT))
        for logical_id, found in template.of_type(FUNCTION)
    }
    visible_again = {
        template.references(logical_id, "Arn"): int(found.get("VisibilityTimeout", _VISIBILITY_TIMEOUT))
        for logical_id, found in template.of_type(_QUEUE)
    }
    known = consumers(template)
    for logical_id, properties in event_source_mappings(template):
        arn, function = str(properties.get("EventSourceArn")), function_name(str(properties["FunctionName"]))
        if ":sqs:" not in arn or function not in known:
            continue
        # A pipe has no timeout.
        refused = [*_refused(properties, arn), *_too_slow(timeouts.get(function, 0), visible_again.get(arn))]
        if refused:
            raise TemplateError(f"{path}: AWS refuses {logical_id}: {'; '.join(refused)}")
        yield _trigger(logical_id, properties, function=function, queue_arn=arn)


def undeclared_queues(
    triggers: Iterable[QueueTrigger], declared: Iterable[Resource], functions: Iterable[Function]
) -> Iterator[Resource]:
    """Yield each queue of a trigger that the template does not declare: another stack has it in AWS.

    AWS recommends a visibility timeout of six times the function's timeout.
    """
    names = {each.name for each in declared if each.type == _QUEUE}
    timeouts = {function.name: function.timeout for function in functions}
    for trigger in triggers:
        if trigger.queue not in names:
            names.add(trigger.queue)
            fifo = {"FifoQueue": True} if trigger.queue.endswith(".fifo") else {}
            timeout = timeouts.get(trigger.function, _TIMEOUT)
            yield Resource(
                logical_id=f"{trigger.logical_id}'s queue",
                type=_QUEUE,
                name=trigger.queue,
                properties={"VisibilityTimeout": max(_VISIBILITY_TIMEOUT, 6 * timeout), **fifo},
            )


def ignored_in_queue_triggers(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each trigger that does not run on this machine."""
    for logical_id, properties in event_source_mappings(template):
        if ":sqs:" in str(properties.get("EventSourceArn")) and not is_enabled(logical_id, properties):
            yield f"{logical_id}: it has Enabled: false"


def _trigger(logical_id: str, properties: Mapping[str, Any], *, function: str, queue_arn: str) -> QueueTrigger:
    concurrency = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
    return QueueTrigger(
        logical_id=logical_id,
        function=function,
        queue_arn=queue_arn,
        batch_size=int(properties.get("BatchSize", _BATCH_SIZE)),
        window=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        report_batch_item_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        concurrency=None if concurrency is None else int(concurrency),
        filters=filters(logical_id, properties, fields=SQS_FIELDS),
        enabled=is_enabled(logical_id, properties),
        properties=properties,
    )


def _refused(properties: Mapping[str, Any], arn: str) -> Iterator[str]:
    if limits := list(mapping_violations(properties)):
        yield from limits
        return
    size, window = int(properties.get("BatchSize", _BATCH_SIZE)), properties.get("MaximumBatchingWindowInSeconds", 0)
    if arn.endswith(".fifo"):
        if size > _MAX_BATCH_SIZE_AT_ONCE:
            yield f"BatchSize is {size}: AWS takes at most {_MAX_BATCH_SIZE_AT_ONCE} for a FIFO queue"
        if int(window):
            yield "MaximumBatchingWindowInSeconds is set: AWS does not take it for a FIFO queue"
    elif size > _MAX_BATCH_SIZE_AT_ONCE and not int(window):
        yield f"BatchSize is {size}: over {_MAX_BATCH_SIZE_AT_ONCE}, MaximumBatchingWindowInSeconds is 1 or more"


def _too_slow(timeout: int, visible_again: int | None) -> Iterator[str]:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    if visible_again is not None and timeout > visible_again:
        yield (
            f"the VisibilityTimeout of its queue is {visible_again} seconds, less than the Timeout of its function, "
            f"{timeout} seconds"
        )

"""Operations of Lambda's API that samrun serves, and what is different from AWS."""

from collections.abc import Mapping

from samrun.template.support.levels import AS_AWS, Support, different

_UNKNOWN = "the role, the size of the code and all else that samrun does not know is left out"
_TAGS = different("tags of event source mappings")

OPERATIONS: Mapping[str, Support] = {
    "CreateEventSourceMapping": different("mappings of Kafka; the template has those of queues and streams"),
    "DeleteEventSourceMapping": AS_AWS,
    "GetEventSourceMapping": AS_AWS,
    "GetFunction": different(f"the code has a file:// URL; {_UNKNOWN}"),
    "GetFunctionConfiguration": different(_UNKNOWN),
    "Invoke": different("asynchronous invocations are retried sooner"),
    "ListEventSourceMappings": AS_AWS,
    "ListFunctions": different(_UNKNOWN),
    "ListTags": _TAGS,
    "TagResource": _TAGS,
    "UntagResource": _TAGS,
    "UpdateEventSourceMapping": different("mappings of queues and streams are enabled and disabled only"),
}

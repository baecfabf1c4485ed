"""Applications of an outer stack and its nested stacks, joined into one."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from samrun.template.errors import TemplateError
from samrun.template.model.application import Application, concatenate
from samrun.template.model.functions import Function
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.triggers import AddressSubscription, Notification
from samrun.template.triggers.kafka_mappings import DEFAULT_GROUP


def join(stacks: Mapping[str, Application]) -> Application:
    """Return one application of all stacks, given by their prefixes. Raises TemplateError for a name of two.

    Logical ids get the prefix of their stack; that of a function gets its path, as the SAM CLI writes it.
    """
    joined = concatenate(_with_prefix(application, prefix) for prefix, application in stacks.items())
    _refuse_twice("function", [each.name for each in joined.functions])
    _refuse_twice("consumer group", [each.consumer_group for each in joined.mappings])
    return joined


def _refuse_twice(kind: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise TemplateError(
                f"The {kind} {name} is declared {count} times. AWS refuses the second one: give each a name of its own."
            )


def _with_prefix(application: Application, prefix: str) -> Application:
    return replace(
        application,
        **{
            field.name: tuple(_renamed(each, prefix) for each in getattr(application, field.name))
            for field in fields(Application)
        },
    )


def _renamed(part: Any, prefix: str) -> Any:
    """Return a part of a nested stack with the prefix before its logical id, or before the text that it is."""
    match part:
        case str():
            return f"{prefix}{part}"
        case Function():
            path = prefix.replace("-", "/")  # no logical id has a hyphen
            return replace(part, logical_id=f"{path}{part.logical_id}")
        case Notification() | AddressSubscription():
            return part  # it has no logical id
        case KafkaMapping():
            return replace(_with_own_group(part, prefix), logical_id=f"{prefix}{part.logical_id}")
    return replace(part, logical_id=f"{prefix}{part.logical_id}")


def _with_own_group(mapping: KafkaMapping, prefix: str) -> KafkaMapping:
    """Return the mapping with a group that no mapping of another stack has, unless the template names the group."""
    if mapping.consumer_group != DEFAULT_GROUP.format(logical_id=mapping.logical_id):
        return mapping
    return replace(mapping, consumer_group=DEFAULT_GROUP.format(logical_id=f"{prefix}{mapping.logical_id}"))

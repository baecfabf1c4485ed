"""Pipes of EventBridge, and the API destinations to which pipes and rules send events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PREFIX = "pipe."  # no function has a dot in its name


def pipe_consumer(name: str) -> str:
    """Return the name by which the mapping of a pipe's source invokes the pipe, in the place of a function."""
    return f"{_PREFIX}{name}"


@dataclass(frozen=True, kw_only=True)
class ApiDestination:
    """An HTTP endpoint. `authorization` are the AuthParameters of its connection, by CloudFormation's names."""

    logical_id: str
    url: str
    method: str
    authorization: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PipeStep:
    """The enrichment or the target of a pipe: a function, an API destination, or else a service by its `arn`.

    Without an `input_template`, it gets the events as they are. `parameters` are the others of CloudFormation.
    """

    arn: str
    function: str | None = None
    destination: ApiDestination | None = None
    input_template: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pipe:
    """A pipe. The mapping of its source is among the application's triggers, with `consumer` as its function."""

    logical_id: str
    name: str
    arn: str
    source_arn: str
    target: PipeStep
    enrichment: PipeStep | None = None

    @property
    def consumer(self) -> str:
        """The name by which its mapping invokes it."""
        return pipe_consumer(self.name)

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the functions that it invokes."""
        steps = (self.enrichment, self.target)
        return tuple(each.function for each in steps if each is not None and each.function is not None)

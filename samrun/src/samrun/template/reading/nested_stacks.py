"""Template of a stack with those of its nested stacks, each a file beside the template that names it.

The resources of a nested stack belong to the application as those of the outer one do. The names that CloudFormation
would make up for them begin with the nested stack's logical id.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from samrun.template.errors import TemplateError
from samrun.template.reading.error_places import errors_of
from samrun.template.reading.includes import include_files
from samrun.template.reading.language_extensions import expand_loops
from samrun.template.reading.source import check_resources, parameter_values, read_source
from samrun.template.reading.translation import event_types, translate
from samrun.template.resolution.resolved_template import ResolvedTemplate, resolve_template
from samrun.template.resolution.scalars import as_text
from samrun.template.resolution.unknown_values import is_outside_reference
from samrun.template.support.resource_types import STACK

LOCAL_STACK = "local"
"""The name of the first template's stack."""

_REMOTE = ("https://", "http://", "s3://")


class StackTemplate:
    """The template at `path`: its `source` as written, and the `template` with plain values.

    `prefix` is the beginning of the names in a nested stack; it is empty for the outer one.
    """

    def __init__(
        self,
        path: Path,
        *,
        parameters: Mapping[str, str],
        region: str,
        aws: str,
        api: str = "",
        prefix: str = "",
        stack_name: str = LOCAL_STACK,
        within: tuple[Path, ...] = (),
    ) -> None:
        """Read, translate and resolve it. Raises TemplateError.

        `aws` is the URL of the local AWS, and `api` that of the APIs. `within` are the templates of the stacks around.
        """
        if path.resolve() in within:
            raise TemplateError(f"{path} contains itself as a nested stack. CloudFormation refuses that, too.")
        self.path = path
        self.prefix = prefix
        self._stack_name = stack_name
        self._region, self._aws, self._api = region, aws, api
        self._within = (*within, path.resolve())
        self._nested: dict[str, Self | None] = {}
        self._opening: set[str] = set()
        self._outside = {name: value for name, value in parameters.items() if is_outside_reference(name)}
        with errors_of(path):
            self.source = include_files(read_source(path), path)
            values = parameter_values(self.source, parameters, path)
            self.source = expand_loops(self.source, _resolver_of_parameters(self.source, values, region))
            check_resources(self.source)
            self._translated = translate(self.source, parameters=values, region=region)
            self.template: ResolvedTemplate = resolve_template(
                self._translated,
                parameters=values,
                region=region,
                aws=aws,
                api=api,
                stack=f"{stack_name}-{prefix}".rstrip("-"),
                prefix=prefix,
                nested_output=self._nested_output,
                event_types=event_types(self.source),
            )

    def nested(self) -> Iterator[Self]:
        """Yield the template of each nested stack that is on this machine. Raises TemplateError."""
        for logical_id, _ in self.template.of_type(STACK):
            if stack := self._stack(logical_id):
                yield stack

    def all(self) -> Iterator[Self]:
        """Yield this template, those of its nested stacks, those of theirs, and so on. Raises TemplateError."""
        yield self
        for stack in self.nested():
            yield from stack.all()

    def output(self, name: str) -> Any:
        """Return the value of an output. Raises TemplateError."""
        outputs = self._translated.get("Outputs", {})
        if name not in outputs:
            raise TemplateError(f"{self.path} has no output {name}. Correct the !GetAtt, or add the output.")
        with errors_of(self.path):
            return self.template.intrinsics.resolve(outputs[name]["Value"])

    def not_here(self) -> Iterator[str]:
        """Yield a text for each nested stack whose template is not on this machine."""
        for logical_id, _ in self.template.of_type(STACK):
            if self._stack(logical_id) is None:
                yield f"{logical_id}: its template is not a file on this machine"

    def _nested_output(self, logical_id: str, name: str) -> Any | None:
        stack = self._stack(logical_id)
        return stack.output(name) if stack else None

    def _stack(self, logical_id: str) -> Self | None:
        """Return the template of a nested stack, opened once; None if it is not on this machine."""
        if logical_id not in self._nested:
            properties = self._translated["Resources"][logical_id].get("Properties", {})
            location = self.template.intrinsics.resolve(properties.get("TemplateURL"))
            if not location or not isinstance(location, str) or location.startswith(_REMOTE):
                self._nested[logical_id] = None
            else:
                self._nested[logical_id] = self._open(logical_id, self.path.parent / location, properties)
        return self._nested[logical_id]

    def _open(self, logical_id: str, path: Path, properties: Mapping[str, Any]) -> Self:
        if logical_id in self._opening:
            raise TemplateError(f"{self.path}: the Parameters of {logical_id} need its own Outputs. Break the circle.")
        self._opening.add(logical_id)
        parameters = self.template.intrinsics.resolve(properties.get("Parameters", {}))
        return type(self)(
            path,
            parameters=self._outside | {name: as_text(value) for name, value in parameters.items()},
            region=self._region,
            aws=self._aws,
            api=self._api,
            prefix=f"{self.prefix}{logical_id}-",
            stack_name=self._stack_name,
            within=self._within,
        )


def _resolver_of_parameters(source: Mapping[str, Any], values: Mapping[str, str], region: str) -> Callable[[Any], Any]:
    """Return the function that resolves the collections of loops: they may refer to parameters and mappings."""
    without_resources = {**source, "Resources": {}}
    return resolve_template(
        without_resources, parameters=values, region=region, aws="", stack=LOCAL_STACK
    ).intrinsics.resolve

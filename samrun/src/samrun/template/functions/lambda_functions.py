"""Functions of a template: AWS::Lambda::Function. Those that do not run on this machine are yielded with the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samrun.template.errors import TemplateError
from samrun.template.functions.asynchronous_invocation import (
    asynchronous_invocations,
    ignored_in_asynchronous_invocations,
)
from samrun.template.functions.function_code import LocalCode, RemoteCode, code_of
from samrun.template.functions.function_limits import function_violations
from samrun.template.functions.layers import (
    SESSION_TOKEN,
    ignored_extensions,
    ignored_in_layers,
    packages_of_layers,
    search_path,
    secrets_port,
)
from samrun.template.functions.qualifiers import published_qualifiers
from samrun.template.model.functions import DurableConfig, Function
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.unknown_values import UnknownValue, remedy
from samrun.template.support.resource_types import FUNCTION
from samrun.template.values.environment_variables import as_variable


@dataclass(frozen=True)
class Obstacle:
    """Reason why a function does not run on this machine, and what to do about it."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}. {self.remedy}."


@dataclass(frozen=True, kw_only=True)
class NotRun:
    """A function that does not run on this machine."""

    logical_id: str
    name: str
    obstacle: Obstacle


_IN_S3 = Obstacle("its code is in S3", "Give it a local CodeUri")
_INLINE = Obstacle(
    "its code is in the template, which the SAM CLI does not run", "Move it to a file, or start without --sam"
)


def read_functions(
    template: ResolvedTemplate,
    *,
    source: Mapping[str, Any],
    path: Path,
    layers: Mapping[str, Path],
    in_containers: bool = False,
) -> Iterator[Function | NotRun]:
    """Yield the functions. `source` is the untranslated template, at `path`. Raises TemplateError.

    `layers` are the folders and zips of layers by ARN. Only containers run other languages than Python.
    """
    asynchronous, qualifiers = asynchronous_invocations(template), published_qualifiers(template)
    for logical_id, properties in template.of_type(FUNCTION):
        if refused := "; ".join(function_violations(properties)):
            raise TemplateError(f"{path}: AWS refuses {logical_id}: {refused}")
        name = template.name(logical_id)
        code = _obstacle_of_runtime(properties.get("Runtime"), in_containers=in_containers) or _local_code(
            code_of(logical_id, template, source=source, path=path), in_containers=in_containers
        )
        if isinstance(code, Obstacle):
            yield NotRun(logical_id=logical_id, name=name, obstacle=code)
        else:
            arns = properties.get("Layers", [])
            yield replace(
                _function(logical_id, properties, template, code, [layers[arn] for arn in arns if arn in layers]),
                layer_packages=tuple(packages_of_layers(arns, layers)),
                asynchronous=asynchronous[name],
                template=path,
                qualifiers=qualifiers.get(name, frozenset()),
            )


def ignored_in_functions(template: ResolvedTemplate, layers: Mapping[str, Path]) -> Iterator[str]:
    """Yield a text for each part of a function in Python that is not on this machine."""
    missing = {
        logical_id: [arn for arn in properties.get("Layers", []) if arn not in layers or not layers[arn].exists()]
        for logical_id, properties in template.of_type(FUNCTION)
        if _is_python(properties.get("Runtime"))
    }
    yield from ignored_in_layers(missing, layers)
    every = {logical_id: properties.get("Layers", []) for logical_id, properties in template.of_type(FUNCTION)}
    yield from ignored_extensions(every, layers)
    yield from ignored_in_asynchronous_invocations(template)


def _function(
    logical_id: str, properties: Mapping[str, Any], template: ResolvedTemplate, code: LocalCode, layers: list[Path]
) -> Function:
    environment = properties.get("Environment", {}).get("Variables", {})
    port = secrets_port(properties.get("Layers", []), environment)
    concurrency = properties.get("ReservedConcurrentExecutions")
    return Function(
        logical_id=logical_id,
        name=template.name(logical_id),
        arn=template.references(logical_id, "Arn"),
        runtime=properties.get("Runtime"),
        handler=properties.get("Handler", ""),
        code=code.root,
        code_uri=code.code_uri,
        inline_code=code.inline,
        # A later layer replaces files of an earlier one.
        layers=tuple(folder for layer in reversed(layers) for folder in search_path(layer)),
        watched=(*code.watched, *layers),
        timeout=int(properties.get("Timeout", 3)),
        memory=int(properties.get("MemorySize", 128)),
        concurrency=int(concurrency) if concurrency else None,
        environment={
            **({"AWS_SESSION_TOKEN": SESSION_TOKEN} if port else {}),
            **{name: as_variable(value) for name, value in environment.items()},
        },
        secrets_port=port,
        log_format=properties.get("LoggingConfig", {}).get("LogFormat", "Text"),
        log_level=properties.get("LoggingConfig", {}).get("ApplicationLogLevel"),
        durable=_durable_config(properties),
    )


def _durable_config(properties: Mapping[str, Any]) -> DurableConfig | None:
    """Return the settings of executions, with the defaults of AWS: a day, kept for two weeks."""
    config = properties.get("DurableConfig")
    if config is None:
        return None
    return DurableConfig(
        execution_timeout=int(config.get("ExecutionTimeout", 24 * 60 * 60)),
        retention_days=int(config.get("RetentionPeriodInDays", 14)),
    )


def _obstacle_of_runtime(runtime: str | None, *, in_containers: bool) -> Obstacle | None:
    if isinstance(runtime, UnknownValue):
        [reference, *_] = runtime.references
        return Obstacle(f"its runtime is {reference}, which only AWS knows", remedy(reference))
    if in_containers or _is_python(runtime):
        return None
    kind = f"its runtime is {runtime}" if runtime else "it is a container image"
    return Obstacle(f"{kind}, which needs a container", "Run `samrun up --sam`")


def _local_code(code: LocalCode | RemoteCode, *, in_containers: bool) -> LocalCode | Obstacle:
    if isinstance(code, RemoteCode):
        return _IN_S3
    return _INLINE if code.inline is not None and in_containers else code


def _is_python(runtime: str | None) -> bool:
    # Templates that a script completes before `sam deploy` have a placeholder there, such as PYTHON3_VERSION.
    return runtime is not None and runtime.lower().startswith("python")

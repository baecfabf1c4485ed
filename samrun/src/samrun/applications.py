"""Applications: reads the templates of a stack, and joins their applications into the one that the stack runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import yaml

from samrun.endpoints import Endpoints, stack_url
from samrun.errors import UserError
from samrun.gateway.joined_apis import Api, full_keys, plain_keys
from samrun.settings import TemplateSettings, template_settings
from samrun.settings import region as default_region
from samrun.template.loader import load
from samrun.template.model.application import Application, Resource, concatenate
from samrun.template.model.http_apis import HttpApi
from samrun.template.reading.nested_stacks import LOCAL_STACK
from samrun.template.reading.yaml_text import read_yaml
from samrun.template.resolution.unknown_values import is_outside_reference
from samrun.template.values import parameters
from samrun.template.values.environment_variables import read_variables, with_variables
from samrun.template.values.samconfig import OWN

_T = TypeVar("_T")
# A template, and one of the things that it declares.
_Declared = tuple[Path, _T]


class ConflictError(UserError):
    """Two templates give one name to different things; the message names both templates."""


class UnknownParameterError(UserError):
    """No template has a parameter that the command line gives a value."""


def load_application(
    template: Path, *, endpoints: Endpoints, overrides: Iterable[str] = (), region: str | None = None
) -> Application:
    """Return the application of one template, as a stack with these endpoints runs it.

    Its parameters come from the samconfig.toml beside it and from `overrides`, NAME=VALUE. `region` is that of the
    environment or of the samconfig.toml if it is None. Raises UserError.
    """
    settings = template_settings(template)
    return load_applications(
        [settings],
        overrides=dict(parameters.read(overrides, source="overrides")),
        endpoints=endpoints,
        region=region or default_region([settings]),
    )


def load_applications(
    templates: Sequence[TemplateSettings],
    *,
    overrides: Mapping[str, str],
    endpoints: Endpoints,
    region: str,
    in_containers: bool = False,
    env_vars: Path | None = None,
) -> Application:
    """Return one application of all templates. Raises UserError.

    Of several templates, each gets the overrides of the parameters that it has. Functions in other languages than
    Python belong to it if functions run `in_containers`. `env_vars` is a file with values of environment variables.
    """
    variables = read_variables(env_vars) if env_vars else {}
    chosen = _overrides_by_template(templates, overrides)
    first = templates[0]

    def load_one(template: TemplateSettings) -> Application:
        stack = None if template is first else template.stack
        application = load(
            template.path,
            parameters=endpoints.fill_in({**_configured(template), **chosen[template.path]}),
            region=region,
            aws=endpoints.aws,
            api=stack_url(endpoints.api, stack) if endpoints.api else "",
            in_containers=in_containers,
            issuer=endpoints.issuer,
            stack_name=stack or LOCAL_STACK,
        )
        return replace(
            application,
            apis=tuple(replace(api, stack=stack) for api in application.apis),
            rest_apis=tuple(replace(api, stack=stack) for api in application.rest_apis),
        )

    application = _join([(template.path, load_one(template)) for template in templates])
    return replace(application, functions=tuple(with_variables(each, variables) for each in application.functions))


def _configured(template: TemplateSettings) -> Mapping[str, str]:
    """Return the values of samconfig.toml. As `sam deploy` does, leave those out that the template does not declare."""
    if template.command == OWN:
        return template.parameters
    declared = _parameters_of(template.path)
    return {
        name: value for name, value in template.parameters.items() if name in declared or is_outside_reference(name)
    }


def _overrides_by_template(
    templates: Sequence[TemplateSettings], overrides: Mapping[str, str]
) -> Mapping[Path, Mapping[str, str]]:
    if len(templates) == 1:
        return {templates[0].path: overrides}
    outside = {name for name in overrides if is_outside_reference(name)}
    declared = {template.path: _parameters_of(template.path) | outside for template in templates}
    if unknown := sorted(overrides.keys() - set().union(*declared.values())):
        raise UnknownParameterError(
            f"--parameter-overrides: no template has the parameter {', '.join(unknown)} "
            f"({', '.join(map(str, declared))}). Correct the name, or leave it out."
        )
    return {path: {name: overrides[name] for name in overrides.keys() & names} for path, names in declared.items()}


def _parameters_of(path: Path) -> set[str]:
    try:
        source = read_yaml(path)
    except (OSError, ValueError, yaml.YAMLError):
        return set()  # the loader says what is wrong with it
    return set(source.get("Parameters") or {}) if isinstance(source, dict) else set()


def _join(applications: Sequence[_Declared[Application]]) -> Application:
    """Return one application of several. Raises ConflictError."""
    functions = _all(applications, lambda each: each.functions)
    mappings = _all(applications, lambda each: each.mappings)
    apis = _all(applications, lambda each: each.all_apis)
    queue_triggers = _all(applications, lambda each: each.queue_triggers)
    stream_triggers = _all(applications, lambda each: each.stream_triggers)
    _refuse_twice("function", functions, lambda function: function.name)
    _refuse_twice("event source mapping", mappings, lambda mapping: mapping.logical_id)
    _refuse_twice("event source mapping", queue_triggers, lambda trigger: trigger.logical_id)
    _refuse_twice("event source mapping", stream_triggers, lambda trigger: trigger.logical_id)
    _refuse_twice("consumer group", mappings, lambda mapping: mapping.consumer_group)
    joined = concatenate(application for _, application in applications)
    return replace(
        joined,
        resources=tuple(_resources(_all(applications, lambda each: each.resources))),
        ignored=(
            *joined.ignored,
            *_hidden_routes([api for _, api in apis]),
            *_ignored_documents(joined.apis),
        ),
    )


def _all(
    applications: Iterable[_Declared[Application]], part: Callable[[Application], Iterable[_T]]
) -> list[_Declared[_T]]:
    return [(path, each) for path, application in applications for each in part(application)]


def _hidden_routes(apis: Iterable[Api]) -> Iterable[str]:
    """Yield a text for each API with routes that an earlier API has, too: that one gets the requests.

    The routes of a further template's API can be reached with the name of its stack before them, unless another API of
    that template has them.
    """
    first: dict[str, Api] = {}
    for api in apis:
        hidden = {key: first[key] for key in full_keys(api) if first.setdefault(key, api) is not api}
        if api.stage:
            plain = (key for key in plain_keys(api) if first.setdefault(key, api) is not api)
            hidden |= {f"{key} without /{api.stage}": first[key] for key in plain}
        if hidden:
            earlier = ", ".join(dict.fromkeys(other.logical_id for other in hidden.values()))
            elsewhere = f". With /{api.stack} before it, it is here" if api.stack else ""
            yield (
                f"{api.logical_id}: {', '.join(hidden)} (the API {earlier} has the same route, and gets the "
                f"requests{elsewhere})"
            )


def _ignored_documents(apis: Iterable[HttpApi]) -> Iterable[str]:
    documented = [api for api in apis if api.openapi_document]
    for api in documented[1:]:
        yield f"{api.logical_id}: {api.openapi_document} (/docs shows {documented[0].openapi_document})"


def _refuse_twice(kind: str, declared: Iterable[_Declared[_T]], name: Callable[[_T], str]) -> None:
    first: dict[str, Path] = {}
    for path, each in declared:
        other = first.setdefault(name(each), path)
        if other != path:
            raise _conflict(kind, name(each), other, path)


def _resources(declared: Iterable[_Declared[Resource]]) -> Iterable[Resource]:
    """Yield each resource once; templates may share one that both declare with the same properties."""
    first: dict[tuple[str, str], _Declared[Resource]] = {}
    for path, resource in declared:
        other_path, other = first.setdefault((resource.type, resource.name), (path, resource))
        if other_path == path:
            yield resource
        elif other.properties != resource.properties:
            raise _conflict(resource.type, resource.name, other_path, path)


def _conflict(kind: str, name: str, one: Path, other: Path) -> ConflictError:
    return ConflictError(
        f"{one} and {other} both have the {kind} {name}, and they are different things. Give one of them another name, "
        "or run the templates as two stacks, with --data and ports of their own."
    )

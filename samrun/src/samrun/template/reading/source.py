"""Source of a template: its file as YAML or JSON, and the values of the parameters that it declares."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samrun.template.errors import TemplateError
from samrun.template.reading.yaml_text import read_yaml
from samrun.template.resolution.scalars import as_text
from samrun.template.resolution.unknown_values import UnknownValue, is_outside_reference
from samrun.template.values.parameter_limits import parameter_violations

_TEMPLATES = ("*.yaml", "*.yml", "*.json")
_TRANSFORM = "AWS::Serverless-2016-10-31"
_MAX_OTHERS = 5


class ResourceTypeError(TemplateError):
    """A resource has no type; the message names it."""


def read_source(path: Path) -> dict[str, Any]:
    """Return the template as written, with intrinsic functions in their long form. Raises TemplateError."""
    try:
        source = read_yaml(path)
    except FileNotFoundError:
        raise TemplateError(f"{path}: no such template. {_others(path)}") from None
    except Exception as error:  # the parser raises errors of several libraries; all mean the same
        raise TemplateError(f"{path} cannot be read as YAML or JSON: {error}") from error
    if not isinstance(source, dict) or not isinstance(source.get("Resources"), dict):
        raise TemplateError(f"{path} has no Resources. Is it a SAM template?")
    return {section: value for section, value in source.items() if value is not None}


def _others(missing: Path) -> str:
    """Return what to do about a template that is missing, with those that are in its folder or right below it."""
    folder = missing.parent
    files = [each for pattern in _TEMPLATES for each in (*folder.glob(pattern), *folder.glob(f"*/{pattern}"))]
    if found := sorted(filter(_is_sam_template, files)):
        listed = [str(each) for each in found[:_MAX_OTHERS]] + ["…"] * (len(found) > _MAX_OTHERS)
        return f"There is {', '.join(listed)}: name it, as in `samrun up {found[0]}`."
    return "Name another, as in `samrun up PATH`."


def _is_sam_template(path: Path) -> bool:
    try:
        return _TRANSFORM in path.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return False


def parameter_values(source: Mapping[str, Any], given: Mapping[str, str], path: Path) -> dict[str, str]:
    """Return the value of each declared parameter: the given one, or its default. Raises TemplateError.

    The given values of dynamic references, imports and attributes are among the values, too.
    """
    declared: Mapping[str, Any] = source.get("Parameters", {})
    outside = {name: value for name, value in given.items() if is_outside_reference(name)}
    if unknown := sorted(given.keys() - declared.keys() - outside.keys()):
        raise TemplateError(f"{path} has no parameter {', '.join(unknown)}. Correct the name, or declare it.")
    values = {
        name: as_text(given.get(name, parameter.get("Default")))
        for name, parameter in declared.items()
        if name in given or parameter.get("Default") is not None
    }
    if missing := sorted(declared.keys() - values.keys()):
        raise TemplateError(
            f"{path}: no value for {', '.join(missing)}. Give each parameter a value with "
            "--parameter-overrides NAME=VALUE or in samconfig.toml under [default.samrun.parameters]."
        )
    known = {name: value for name, value in values.items() if not isinstance(value, UnknownValue)}
    refused = [text for name, value in known.items() for text in parameter_violations(name, declared[name], value)]
    if refused:
        raise TemplateError(f"{path}: AWS refuses the parameter {'; '.join(refused)}")
    return values | outside


def check_resources(source: Mapping[str, Any]) -> None:
    """Raise a ResourceTypeError if a resource has no type."""
    for logical_id, resource in source["Resources"].items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise ResourceTypeError(f"the resource {logical_id} has no Type. Add one, such as AWS::SQS::Queue.")

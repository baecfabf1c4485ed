"""Includes: puts the files to which a template refers in their place, as `sam package` and AWS::Include do.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from samrun.template.errors import TemplateError
from samrun.template.reading.yaml_text import read_yaml

_TRANSFORM = "Fn::Transform"
_APIS = {"AWS::Serverless::Api", "AWS::Serverless::HttpApi"}


def include_files(source: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the template at `path` with the content of its local files. Raises TemplateError.

    The files: the DefinitionUri of an API, and the Location of an AWS::Include. A file in S3 stays as it is.
    """
    included: dict[str, Any] = _include(dict(source), path.parent)
    for logical_id, resource in included["Resources"].items():
        if not isinstance(resource, dict) or str(resource.get("Type")) not in _APIS:
            continue
        properties = resource.get("Properties") or {}
        location = properties.get("DefinitionUri")
        if _is_local(location):
            del properties["DefinitionUri"]
            properties["DefinitionBody"] = _read(path.parent, location, f"the DefinitionUri of {logical_id}")
    return included


def _include(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_include(each, folder) for each in value]
    if not isinstance(value, dict):
        return value
    others = {name: _include(each, folder) for name, each in value.items() if name != _TRANSFORM}
    if _TRANSFORM not in value:
        return others
    transforms = value[_TRANSFORM]
    for transform in transforms if isinstance(transforms, list) else [transforms]:
        location = _location(transform)
        if not _is_local(location):
            return {**others, _TRANSFORM: transforms}
        content = _read(folder, location, "the Location of an AWS::Include")
        if not isinstance(content, dict):
            return content
        others |= content
    return others


def _location(transform: Any) -> Any:
    if not isinstance(transform, dict) or transform.get("Name") != "AWS::Include":
        return None
    return (transform.get("Parameters") or {}).get("Location")


def _is_local(location: Any) -> TypeGuard[str]:
    return isinstance(location, str) and not location.startswith(("s3://", "https://", "http://"))


def _read(folder: Path, location: str, what: str) -> Any:
    """Return the content of a file, with the files that it includes itself. Raises TemplateError."""
    file = folder / location
    try:
        content = read_yaml(file)
    except OSError as error:
        raise TemplateError(f"{file}, {what}, cannot be read: {error.strerror}. Correct the path.") from error
    except Exception as error:  # the parser raises errors of several libraries; all mean the same
        raise TemplateError(f"{file}, {what}, cannot be read as YAML or JSON: {error}") from error
    return _include(content, folder)

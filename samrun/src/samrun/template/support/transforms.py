"""Transforms of a template: those of CloudFormation that the runner knows, and macros, which it does not run."""

from collections.abc import Iterator, Mapping
from typing import Any

# The runner has the meaning of these.
_RUN = {"AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"}
_SECTION = "Transform"
_FUNCTION = "Fn::Transform"


def ignored_transforms(source: Mapping[str, Any]) -> Iterator[str]:
    """Yield a text for each transform of the whole template, or of a section, that is not run.

    `source` is the template as written, with the content of its local files in the place of each AWS::Include.
    """
    for place, transforms in _declared(source):
        for transform in transforms if isinstance(transforms, list) else [transforms]:
            name = transform.get("Name") if isinstance(transform, Mapping) else transform
            if name == "AWS::Include":
                location = (transform.get("Parameters") or {}).get("Location") if transform != name else None
                yield f"{place}: AWS::Include of {location}: samrun reads no file from S3. Name a local one"
            elif name not in _RUN:
                yield f"{place}: {name}: samrun runs no macros. The template runs as it is without it"


def _declared(source: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the place and the transforms of each."""
    if _SECTION in source:
        yield _SECTION, source[_SECTION]
    if _FUNCTION in source:
        yield _FUNCTION, source[_FUNCTION]
    for section, content in source.items():
        if isinstance(content, Mapping) and _FUNCTION in content:
            yield f"{_FUNCTION} in {section}", content[_FUNCTION]

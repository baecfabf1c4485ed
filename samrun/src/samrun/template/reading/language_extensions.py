"""Loops of a template (Fn::ForEach of AWS::LanguageExtensions), expanded before SAM's translator sees the template.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from samrun.template.errors import TemplateError

_LOOP = "Fn::ForEach::"
# The sections that may have loops. A loop may also make properties of a resource.
_SECTIONS = ("Conditions", "Resources", "Outputs")

Resolve = Callable[[Any], Any]
"""Resolves the collection of a loop, which may refer to parameters."""


class LoopError(TemplateError):
    """A loop of the template is wrong; the message names it."""


def expand_loops(source: Mapping[str, Any], resolve: Resolve) -> dict[str, Any]:
    """Return the template without loops: each has become the entries that it makes. Raises LoopError."""
    return {
        name: _expand(section, resolve) if name in _SECTIONS and isinstance(section, dict) else section
        for name, section in source.items()
    }


def _expand(value: Any, resolve: Resolve) -> Any:
    """Return a value with the loops in its objects expanded, at any depth."""
    if isinstance(value, list):
        return [_expand(each, resolve) for each in value]
    if not isinstance(value, dict):
        return value
    expanded: dict[str, Any] = {}
    for name, entry in value.items():
        is_loop = isinstance(name, str) and name.startswith(_LOOP)
        made = _run(name, entry, resolve) if is_loop else {name: _expand(entry, resolve)}
        if twice := sorted(made.keys() & expanded.keys()):
            raise LoopError(f"{name} makes {', '.join(twice)}, which the template has already")
        expanded |= made
    return expanded


def _run(name: str, loop: Any, resolve: Resolve) -> dict[str, Any]:
    match loop:
        case [str(identifier), collection, dict(body)]:
            items = resolve(collection)
        case _:
            raise LoopError(f"{name} is not a list of an identifier, a collection and an object")
    if not isinstance(items, list):
        raise LoopError(f"{name}: its collection is {items!r}, not a list")
    made: dict[str, Any] = {}
    for item in items:
        of_item = _expand(_substitute(body, identifier, str(item)), resolve)
        if twice := sorted(made.keys() & of_item.keys()):
            raise LoopError(f"{name} makes {', '.join(twice)} twice: use its identifier in the name")
        made |= of_item
    return made


def _substitute(value: Any, identifier: str, item: str) -> Any:
    """Return a value with the item in the identifier's place: in `${…}`, `&{…}` and Ref."""
    match value:
        case str():
            return _in_text(value, identifier, item)
        case {"Ref": reference} if len(value) == 1 and reference == identifier:
            return item
        case dict():
            return {
                _in_text(name, identifier, item): _substitute(each, identifier, item) for name, each in value.items()
            }
        case list():
            return [_substitute(each, identifier, item) for each in value]
    return value


def _in_text(text: str, identifier: str, item: str) -> str:
    # `&{…}` leaves out what a logical id cannot have.
    alphanumeric = re.sub(r"[^A-Za-z0-9]", "", item)
    return text.replace(f"${{{identifier}}}", item).replace(f"&{{{identifier}}}", alphanumeric)

"""Unknown values: those of another stack, of SSM or of a resource that only AWS has.

Something stands for each, so that the stack starts: the name of an import, the dynamic reference itself, or the name of
an attribute. The developer gives the value like a parameter's, under its reference as the name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

# `{{resolve:ssm:/name}}`, `!ImportValue name` and `!GetAtt Resource.Attribute`.
_REFERENCE = re.compile(r"\{\{resolve:[^{}]+\}\}|!ImportValue \S+|!GetAtt \w+(?:\.\w+)+")
_DYNAMIC, _IMPORT, _ATTRIBUTE = "{{resolve:", "!ImportValue ", "!GetAtt "
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


class UnknownValue(str):
    """Text that stands for a value that this machine does not have; `references` name what is missing in it."""

    references: tuple[str, ...]

    def __new__(cls, text: str, references: Iterable[str] = ()) -> Self:
        """Make one of the text that stands for it."""
        value = super().__new__(cls, text)
        value.references = tuple(dict.fromkeys(references))
        return value


def is_outside_reference(name: str) -> bool:
    """Tell whether a text is one reference to a value that the developer gives, and so the name of the value."""
    return _REFERENCE.fullmatch(name) is not None


def import_reference(name: str) -> str:
    """Return the reference to the export of another stack."""
    return f"{_IMPORT}{name}"


def attribute_reference(logical_id: str, attribute: str) -> str:
    """Return the reference to an attribute of a resource."""
    return f"{_ATTRIBUTE}{logical_id}.{attribute}"


def is_import(reference: str) -> bool:
    """Tell whether a reference is that to the export of another stack."""
    return reference.startswith(_IMPORT)


def is_attribute(reference: str) -> bool:
    """Tell whether a reference is that to an attribute of a resource."""
    return reference.startswith(_ATTRIBUTE)


def is_unresolved(value: object) -> bool:
    """Tell whether a dynamic reference is left in a value. It cannot be a part of a name."""
    return isinstance(value, UnknownValue) and _DYNAMIC in value


def joined(text: str, parts: Iterable[object]) -> str:
    """Return a text that was made of parts: an unknown value if one of them is unknown."""
    references = [each for part in parts for each in references_in(part)]
    return UnknownValue(text, references) if references else text


def references_in(value: object) -> Iterator[str]:
    """Yield the reference of each unknown value in a resolved value."""
    match value:
        case UnknownValue():
            yield from value.references
        case str():
            return
        case Mapping():
            for each in value.values():
                yield from references_in(each)
        case Iterable():
            for each in value:
                yield from references_in(each)


def stand_in_name(value: str) -> str:
    """Return a name that stands for an unknown one, with letters, digits, hyphens and underscores alone."""
    name = value.rpartition(_DYNAMIC)[2].partition(":")[2] if _DYNAMIC in value else value
    return _NOT_IN_NAMES.sub("-", name.partition("}}")[0]).strip("-") or "unknown"


def remedy(reference: str) -> str:
    """Return the sentence that says how to give a value."""
    return f"Give it with --parameter-overrides '{reference}=VALUE'"

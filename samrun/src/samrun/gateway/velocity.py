"""Velocity's templates, with the values of JSON as a template of API Gateway meets them.

https://velocity.apache.org/engine/1.7/vtl-reference.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import airspeed

from samrun.gateway.errors import GatewayError

# Velocity's names may have hyphens.
airspeed.NameOrCall.NAME = re.compile(r"([_a-z][a-z0-9_-]*)", re.IGNORECASE)
airspeed.SetDirective.PLACE = re.compile(r"\s*\$([a-z_][a-z0-9_-]*(?:\.[a-z_][a-z0-9_-]*)*)", re.IGNORECASE)


class MappingTemplateError(GatewayError):
    """A mapping template cannot be rendered; the message says why."""


def render(template: str, names: Mapping[str, Any]) -> str:
    """Return a template with these names filled in. Raises MappingTemplateError."""
    try:
        rendered: str = airspeed.Template(template).merge(names)
    except Exception as error:
        # airspeed has its own errors, and passes on those of the methods that the template calls.
        cause = error.__cause__ or error
        raise MappingTemplateError(f"{type(cause).__name__}: {cause}") from error
    return rendered


class Text(str):
    """A text, with the methods of Java that templates use."""

    __slots__ = ()

    def toUpperCase(self) -> str:  # noqa: N802 - these names are Java's
        """Return it in capitals."""
        return Text(self.upper())

    def toLowerCase(self) -> str:  # noqa: N802
        """Return it in small letters."""
        return Text(self.lower())

    def trim(self) -> str:
        """Return it without blanks around it."""
        return Text(self.strip())

    def isEmpty(self) -> bool:  # noqa: N802
        """Tell whether it has no characters."""
        return not self

    def equals(self, other: object) -> bool:
        """Tell whether it is the same text."""
        return self == other

    def length(self) -> int:
        """Return the number of its characters."""
        return len(self)

    def contains(self, part: str) -> bool:
        """Tell whether it has this part."""
        return part in self

    def indexOf(self, part: str) -> int:  # noqa: N802
        """Return the place of the first such part, or -1."""
        return self.find(part)

    def substring(self, start: int, end: int | None = None) -> str:
        """Return the characters from `start` to before `end`."""
        return Text(self[start:end])

    def replaceAll(self, pattern: str, by: str) -> str:  # noqa: N802
        """Return it with each match of a regular expression replaced; $1 stands for a group."""
        return Text(re.sub(pattern, re.sub(r"\$(\d)", r"\\\1", by), self))

    def matches(self, pattern: str) -> bool:
        """Tell whether all of it matches a regular expression."""
        return re.fullmatch(pattern, self) is not None

    def toString(self) -> str:  # noqa: N802
        """Return itself."""
        return self


class Boolean(int):
    """True or false, written as Java writes it."""

    def __str__(self) -> str:
        return "true" if self else "false"


class List(list[Any]):
    """A list, with the methods of Java that templates use."""

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self))}]"

    toString = __str__  # noqa: N815

    def size(self) -> int:
        """Return the number of its entries."""
        return len(self)

    def isEmpty(self) -> bool:  # noqa: N802
        """Tell whether it has no entries."""
        return not self

    def get(self, index: int) -> Any:
        """Return an entry."""
        return self[index]


class Map(dict[str, Any]):
    """An object, with the methods of Java that templates use. A name that it does not have is an empty text."""

    def __missing__(self, name: str) -> Any:
        if hasattr(type(self), name):
            raise KeyError(name)  # it is a method
        return Text()

    def __str__(self) -> str:
        return f"{{{', '.join(f'{name}={value}' for name, value in self.items())}}}"

    toString = __str__  # noqa: N815

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a name."""
        return self[name] if name in self else Text() if default is None else default

    def keySet(self) -> List:  # noqa: N802
        """Return the names."""
        return List(Text(name) for name in self)

    def entrySet(self) -> List:  # noqa: N802
        """Return the names with their values."""
        return List(Map(key=Text(name), value=value) for name, value in self.items())

    def size(self) -> int:
        """Return the number of its names."""
        return len(self)

    def isEmpty(self) -> bool:  # noqa: N802
        """Tell whether it has no names."""
        return not self

    def containsKey(self, name: str) -> bool:  # noqa: N802
        """Tell whether it has a name."""
        return name in self

    def put(self, name: str, value: Any) -> Any:
        """Set the value of a name, and return the earlier one."""
        earlier = self.get(name)
        self[name] = value
        return earlier


def in_template(value: Any) -> Any:
    """Return a value of JSON as a template meets it; null is an empty text."""
    match value:
        case None:
            return Text()
        case bool():
            return Boolean(value)
        case str():
            return Text(value)
        case list():
            return List(map(in_template, value))
        case dict():
            return Map({name: in_template(each) for name, each in value.items()})
    return value


def json_text_of(value: Any) -> str:
    """Return a value as JSON, without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

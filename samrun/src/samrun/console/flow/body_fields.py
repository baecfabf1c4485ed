"""Fields of a form for a JSON value: one for each text, number and bool in it, named by its JSON pointer (RFC 6901)."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class BodyField:
    """Field of a form. `name` is the JSON pointer, `group` the first word of it, if there are more."""

    name: str
    label: str
    group: str
    value: str
    kind: Literal["text", "number", "bool", "json"]


def fields_of(value: Any, pointer: str = "") -> Iterator[BodyField]:
    """Yield a field for each value that contains no other."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from fields_of(each, f"{pointer}/{_escaped(str(name))}")
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from fields_of(each, f"{pointer}/{number}")
    else:
        words = [_in_words(each) for each in pointer.split("/")[1:]]
        yield BodyField(
            name=pointer,
            label=" ".join(words[1:] or words) or "value",
            group=words[0] if len(words) > 1 else "",
            value=value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
            kind=_kind(value),
        )


def with_values(example: Any, values: Mapping[str, str]) -> Any:
    """Return a copy of the example with the values of a form. A number that is none is sent as a text."""
    body = copy.deepcopy(example)
    for field in fields_of(example):
        if field.name in values:
            body = _set(body, field.name, _typed(values[field.name], field.kind))
    return body


def set_text(body: Any, pointer: str, text: str) -> Any:
    """Return the value with a text at a pointer, if there is something at that place."""
    return _set(body, pointer, text)


def _set(body: Any, pointer: str, value: Any) -> Any:
    if not pointer:
        return value
    *path, last = (_unescaped(each) for each in pointer.split("/")[1:])
    target = body
    for each in path:
        target = _child(target, each)
    if isinstance(target, dict) and last in target:
        target[last] = value
    elif isinstance(target, list) and last.isdecimal() and int(last) < len(target):
        target[int(last)] = value
    return body


def _child(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return value[int(name)] if name.isdecimal() and int(name) < len(value) else None
    return value.get(name) if isinstance(value, dict) else None


def _in_words(name: str) -> str:
    """Return a part of a pointer as people read it: they count from 1."""
    return str(int(name) + 1) if name.isdecimal() else _unescaped(name)


def _kind(value: Any) -> Literal["text", "number", "bool", "json"]:
    if isinstance(value, bool):
        return "bool"
    return "text" if isinstance(value, str) else "number" if isinstance(value, int | float) else "json"


def _typed(text: str, kind: str) -> Any:
    if kind == "text":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _unescaped(name: str) -> str:
    return name.replace("~1", "/").replace("~0", "~")

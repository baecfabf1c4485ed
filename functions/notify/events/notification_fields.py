"""Fields of an event type that its notification needs, as templates/<event type>/notification.json declares them.

    {
      "key": "data.order_id",
      "recipient": {"email": "data.customer.email", "phone": "data.customer.phone", …},
      "values": {"order_number": ["data.order_number", "data.order_id"]}
    }

A path names fields from the event inwards, with dots between them, as in consumes.yaml. Of several paths, the first
counts that leads to something: a field that is null or empty counts as missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from functions.notify.errors import NotifyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "notification.json"

FieldPath = Annotated[str, StringConstraints(pattern=r"^[^.\[\]\s]+(\.[^.\[\]\s]+)*$")]
Paths = Annotated[
    tuple[FieldPath, ...],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    Field(min_length=1),
]
# As templates can write it.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$")]

_EXAMPLE = "such as data.customer.email"
# By the type of Pydantic's error.
_PROBLEMS = {
    "missing": f"is missing; name the field of the event that has it, {_EXAMPLE}",
    "extra_forbidden": "is nothing that a notification has; remove it",
    "tuple_type": f"is not the path of a field, or a list of them; write one, {_EXAMPLE}",
    "too_short": f"has no path; write one, {_EXAMPLE}",
    "string_type": f"is not the path of a field; write one, {_EXAMPLE}",
    "string_pattern_mismatch": f"is not the path of a field; write one, {_EXAMPLE}",
}


class BrokenFieldsError(NotifyError):
    """A notification.json is missing or wrong. The message names all that is wrong, each on a line of its own."""


class RecipientFields(BaseModel):
    """Paths to the recipient. An event type whose events have no phone, locale or channels declares no path to them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: Paths
    name: Paths | None = None
    phone: Paths | None = None
    locale: Paths | None = None
    channels: Paths | None = None

    @property
    def paths(self) -> dict[str, tuple[str, ...]]:
        """The paths that are declared, by the name of what they lead to."""
        return self.model_dump(exclude_none=True)


class NotificationFields(BaseModel):
    """Paths to what a notification needs.

    `key` is what the notification is about, such as an order's id: the ledger finds the notifications of a key
    together. Records of one key stay in order if it is their key in Kafka, too. `values` are further names for the
    templates.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Paths
    recipient: RecipientFields
    values: dict[Name, Paths] = {}

    def pick(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return what the fields of an event hold: `key`, `recipient` and `values`, without those that are missing."""
        return {
            **_found(event, {"key": self.key}),
            "recipient": _found(event, self.recipient.paths),
            "values": _found(event, self.values),
        }

    def path_of(self, location: tuple[int | str, ...]) -> str:
        """Return the (first) path in the event to what `pick` returns at a location, such as ("recipient", "email")."""
        match location:
            case ("key", *rest):
                return _joined(self.key[0], *rest)
            case ("recipient", str(name), *rest):
                return _joined(self.recipient.paths[name][0], *rest)
        return _joined(*location)


def read_fields(folder: Path) -> NotificationFields:
    """Read the notification.json of an event type's folder. Raises BrokenFieldsError."""
    place = f"{folder.name}/{FILE}"
    try:
        return NotificationFields.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        raise BrokenFieldsError(f"{place} is missing; add it") from None
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        raise BrokenFieldsError("\n".join(f"{place}{_problem(problem)}" for problem in problems)) from None


def read_all_fields(templates: Path) -> dict[str, NotificationFields]:
    """Read the notification.json of every event type that has a folder. Raises BrokenFieldsError."""
    return {folder.name: read_fields(folder) for folder in sorted(templates.iterdir()) if folder.is_dir()}


def find_field(event: dict[str, Any], path: str) -> Any:
    """Return the value of a field; None if it is missing."""
    value: Any = event
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _found(event: dict[str, Any], paths: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return the values at the paths, by their names, without those that are missing."""
    values = {
        name: next((value for path in each if (value := find_field(event, path)) not in (None, "")), None)
        for name, each in paths.items()
    }
    return {name: value for name, value in values.items() if value is not None}


def _joined(*path: int | str) -> str:
    return ".".join(map(str, path))


def _problem(problem: Any) -> str:
    *names, last = problem["loc"] or ("it",)
    if problem["type"] == "json_invalid":
        return f" is not JSON: {problem['msg'].partition(': ')[2]}"
    if last == "[key]":
        return f": {_joined(*names)} is no name that a template can write; use a-z, 0-9 and _"
    return f": {_joined(*names, last)} {_PROBLEMS.get(problem['type'], 'is wrong: ' + problem['msg'])}"

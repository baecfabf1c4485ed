"""JSON Schema: the content is JSON already, and is validated."""

import json
import re
from collections.abc import Iterable
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError, UnknownType, ValidationError, best_match
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7

from samrun.schemas.schema import Decode, DeserializationError, Schema, SchemaUnavailableError

_DEEP = 30  # levels


def decoder(schema: Schema) -> Decode:
    """Return the function that validates contents of a schema, and returns them as they are.

    Raises SchemaUnavailableError.
    """
    try:
        validator = _validator(schema)
    except SchemaError as error:
        raise _unreadable(error.message) from error
    except (ValueError, TypeError, RecursionError, Unresolvable) as error:
        raise _unreadable(str(error)) from error

    def decode(content: bytes) -> bytes:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            raise DeserializationError("it is not JSON") from None
        if error := _first_error(validator, found):
            # The message of the error would contain the value.
            raise DeserializationError(f"it does not match its JSON schema ({error.validator} at {error.json_path})")
        return content

    return decode


def _first_error(validator: Any, found: Any) -> ValidationError | None:
    try:
        error: ValidationError | None = best_match(validator.iter_errors(found))
    except Unresolvable as unresolvable:
        raise SchemaUnavailableError(f"a JSON schema refers to {unresolvable.ref}, which is not there") from None
    except RecursionError as endless:
        if _is_nested_deeply(found):
            raise DeserializationError("it is nested too deeply") from None
        raise _unreadable(type(endless).__name__) from endless
    # The schemas to which this one refers are not checked before.
    except (re.error, UnknownType, TypeError) as unexpected:
        raise _unreadable(type(unexpected).__name__) from unexpected
    return error


def _is_nested_deeply(value: Any) -> bool:
    """Tell whether a value alone can take all levels of Python's stack: each of its own takes some ten of them."""
    level = [value]
    for _ in range(_DEEP):
        level = [inner for each in level if isinstance(each, dict | list) for inner in _parts(each)]
    return bool(level)


def _parts(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _validator(schema: Schema) -> Any:
    definition = json.loads(schema.definition)
    references: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(json.loads(each.definition), default_specification=DRAFT7))
        for name, each in schema.references.items()
    )
    kind: Any = validator_for(definition, default=Draft7Validator)
    kind.check_schema(definition)
    return kind(definition, registry=references)


def _unreadable(reason: str) -> SchemaUnavailableError:
    return SchemaUnavailableError(f"the schema registry has a JSON schema that cannot be read: {reason}")

"""Places of errors: each error of a template names its file, and the resource and the property where they are known."""

import contextlib
import re
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException

from samrun.template.errors import TemplateError
from samrun.template.reading.language_extensions import LoopError
from samrun.template.reading.source import ResourceTypeError
from samrun.template.resolution.intrinsics import UnresolvableError
from samrun.template.triggers.event_rules import EventRuleError
from samrun.template.triggers.schedules import ScheduleError
from samrun.template.triggers.target_inputs import TargetInputError

# Values that a template may have.
_JSON = (dict, list, str, int, float, type(None))
_WRONG_CALL = re.compile(r"\(\) (missing|takes|got) ")


@contextlib.contextmanager
def errors_of(path: Path, resources: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Add the path of a template to the errors that do not name it.

    An error of Python means that one of the resources has a form that samrun does not expect, unless it can only be a
    bug: that one stays as it is, with its traceback.
    """
    try:
        yield
    except InvalidDocumentException as error:
        causes = "\n".join(f"  {cause.message}" for cause in error.causes)
        raise TemplateError(f"{path} is not a valid SAM template:\n{causes}") from error
    except (EventRuleError, LoopError, ResourceTypeError, ScheduleError, TargetInputError, UnresolvableError) as error:
        raise TemplateError(f"{path}: {error}") from error
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        if _is_bug(error):
            raise
        place = _place(resources or {}, error)
        raise TemplateError(
            f"{path}: samrun cannot read {place}. A value is missing, or has another form than CloudFormation "
            f"documents ({type(error).__name__}: {error}). If CloudFormation takes it, this is a bug of samrun: please "
            f"report this message, with the template if you may, and {_line(error)}."
        ) from error


def _is_bug(error: Exception) -> bool:
    """Tell whether no template can be the cause: an attribute of samrun's own objects, or a call with wrong arguments.

    A missing key does not say whose it is: the template's, or that of a table of samrun's.
    """
    if isinstance(error, AttributeError):
        return not isinstance(error.obj, _JSON)
    return isinstance(error, TypeError) and bool(_WRONG_CALL.search(str(error)))


def _line(error: Exception) -> str:
    """Return the module and the line in which the error was raised."""
    frame, line = list(traceback.walk_tb(error.__traceback__))[-1]
    return f"line {line} of {frame.f_globals['__name__']}"


def _place(resources: Mapping[str, Any], error: Exception) -> str:
    """Return the resource that was read, with the property that the error misses, or whose value it names."""
    logical_id = _resource(resources, error)
    if logical_id is None:
        return "the template"
    if isinstance(error, KeyError):
        return f"{logical_id}.{error.args[0]}" if error.args else logical_id
    text = str(error)
    for place, value in _leaves(logical_id, resources[logical_id].get("Properties")):
        if ("NoneType" if value is None else repr(value)) in text:
            return place
    return logical_id


def _resource(resources: Mapping[str, Any], error: Exception) -> str | None:
    """Return the resource that the innermost function had as its `logical_id`."""
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__)]
    found = (each.get("logical_id") or each.get("_logical_id") for each in reversed(frames))
    return next((each for each in found if isinstance(each, str) and each in resources), None)


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case Mapping():
            for name, each in value.items():
                yield from _leaves(f"{place}.{name}", each)
        case list():
            for number, each in enumerate(value):
                yield from _leaves(f"{place}[{number}]", each)
        case _:
            yield place, value

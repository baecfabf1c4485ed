"""Errors of the order function: one tree, which the docstring of errors.py shows in full."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import functions.order
from functions.order import errors
from functions.order.errors import OrderError
from functions.order.handlers.error_answers import ANSWERS

# The layers below the handler of the API; it catches the errors of the producer itself.
LAYERS = ("functions.order.http.", "functions.order.domain.", "functions.order.storage.")
# Bugs if a request meets them, with the reason.
ANSWERED_WITH_500 = {
    "UnknownCurrencyError": "the schema has refused the currency before",
    "ConditionFailedError": "each caller of DynamoDB with a condition turns it into what it means",
    "NoSuchEventError": "only a stored order with a wrong event type causes it",
}
# They read the environment when they are imported.
ENTRY_POINTS = {"functions.order.handlers.api", "functions.order.handlers.relay"}


def error_classes() -> dict[str, type[Exception]]:
    """Return the exceptions that the package defines, by name."""
    modules = [
        importlib.import_module(each.name)
        for each in pkgutil.walk_packages(functions.order.__path__, "functions.order.")
        if each.name not in ENTRY_POINTS
    ]
    return {
        name: found
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Exception) and found.__module__ == module.__name__
    }


def test_every_error_is_in_the_tree() -> None:
    assert [name for name, found in error_classes().items() if not issubclass(found, OrderError)] == []


def test_each_error_that_a_request_can_meet_has_a_row_in_the_table_of_answers() -> None:
    of_requests = {name for name, found in error_classes().items() if found.__module__.startswith(LAYERS)}
    with_a_row = {error.__name__ for error in ANSWERS if issubclass(error, OrderError)}
    assert with_a_row | ANSWERED_WITH_500.keys() == of_requests, (
        "write a row for the error into ANSWERS in functions/order/handlers/error_answers.py, or name it here"
    )
    assert with_a_row & ANSWERED_WITH_500.keys() == set()


def test_the_docstring_shows_the_tree() -> None:
    shown = re.findall(r"^    ([│ ├└─]*)(\w+Error)(?: +(\S+\.py))?$", inspect.getdoc(errors) or "", re.MULTILINE)
    shown = shown or re.findall(r"^ *([│ ├└─]*)(\w+Error)(?: +(\S+\.py))?$", errors.__doc__ or "", re.MULTILINE)
    files = {name: f"functions/order/{file}" for _, name, file in shown if file}
    defined = {
        name: found.__module__.replace(".", "/") + ".py"
        for name, found in error_classes().items()
        if found is not OrderError
    }
    assert files == defined

"""The tree of errors: every error of notify is in it, at the place that its docstring shows."""

from __future__ import annotations

import importlib
import pkgutil
import re

import functions.notify
from functions.notify import errors
from functions.notify.handlers.error_answers import ANSWERS

# The layers below the handler of the history function.
LAYERS_OF_HISTORY = ("functions.notify.http.", "functions.notify.ledger.")
SKIPPED = ("functions.notify.handlers",)  # they need their environment, and define no errors


def of_notify() -> set[type[Exception]]:
    found: set[type[Exception]] = set()
    for module in pkgutil.walk_packages(functions.notify.__path__, "functions.notify."):
        if not module.name.startswith(SKIPPED):
            members = vars(importlib.import_module(module.name)).values()
            found |= {
                each
                for each in members
                if isinstance(each, type) and issubclass(each, Exception) and each.__module__ == module.name
            }
    return found


def drawn() -> dict[str, str | None]:
    """Return each error in the docstring and the one above it."""
    above: list[str] = []
    tree: dict[str, str | None] = {}
    for line in (errors.__doc__ or "").splitlines():
        name = next((word for word in line.split() if word.endswith("Error")), None)
        if name and line.startswith("    "):
            depth = (len(line) - len(line[4:].lstrip("│├└─ "))) // 4 - 1
            above[depth:] = [name]
            tree[name] = above[depth - 1] if depth else None
    return tree


def test_every_error_is_in_the_tree_of_the_docstring() -> None:
    tree = drawn()
    assert {error.__name__ for error in of_notify()} == tree.keys()
    for error in of_notify():
        assert tree[error.__name__] in {base.__name__ for base in error.__bases__} | {None}
        assert issubclass(error, errors.NotifyError)


def test_the_tree_names_the_file_of_each_error() -> None:
    files = dict(re.findall(r"(\w+Error) +(\S+\.py)$", errors.__doc__ or "", re.MULTILINE))
    defined = {error: error.__module__.removeprefix("functions.notify.").replace(".", "/") for error in of_notify()}
    assert files == {
        error.__name__: f"{module}.py" for error, module in defined.items() if error is not errors.NotifyError
    }


def test_each_error_that_a_request_can_meet_has_a_row_in_the_table_of_answers() -> None:
    of_requests = {error for error in of_notify() if error.__module__.startswith(LAYERS_OF_HISTORY)}
    raised = {error for error in of_requests if not error.__subclasses__()}
    assert raised == {error for error in ANSWERS if issubclass(error, errors.NotifyError)}, (
        "write a row for the error into ANSWERS in functions/notify/handlers/error_answers.py"
    )

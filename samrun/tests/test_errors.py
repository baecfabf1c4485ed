"""Errors of samrun: one tree, which the docstring of errors.py shows in full."""

import importlib
import inspect
import pkgutil
import re

import samrun
from samrun import errors
from samrun.errors import SamrunError


def error_classes() -> dict[str, type[Exception]]:
    """Return the exceptions that the package defines, by name."""
    modules = [
        importlib.import_module(each.name)
        for each in pkgutil.walk_packages(samrun.__path__, "samrun.")
        if each.name != "samrun.__main__"  # it runs the command line when it is imported
    ]
    found = [
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Exception) and each.__module__ == module.__name__
    ]
    by_name = {each.__name__: each for each in found}
    assert len(by_name) == len(found), "two errors have one name"
    return by_name


def test_every_error_is_in_the_tree() -> None:
    assert [name for name, found in error_classes().items() if not issubclass(found, SamrunError)] == []


def test_the_docstring_shows_the_tree() -> None:
    lines = re.findall(r"^ *((?:[│ ]   )*[├└]── )(\w+Error) +(\S+\.py)$", inspect.getdoc(errors) or "", re.MULTILINE)
    shown, path = {}, ["SamrunError"]
    for branch, name, file in lines:
        depth = len(branch) // 4
        shown[name] = (path[depth - 1], f"samrun/{file}")
        path[depth:] = [name]
    defined = {
        name: (found.__bases__[0].__name__, found.__module__.replace(".", "/") + ".py")
        for name, found in error_classes().items()
        if found is not SamrunError
    }
    assert shown == defined

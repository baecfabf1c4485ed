"""Errors that the tests plant into the conditions of writes, to see that the models find them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.models.conditional_writes import write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    import pytest

    Plant = Callable[[pytest.MonkeyPatch], None]


def change_writes(model: ModuleType, attribute: str, right: str, wrong: str) -> Plant:
    """Return the error that an expression of a write is another one."""

    def wrongly(item: Mapping[str, Any] | None, request: Mapping[str, Any]) -> dict[str, Any] | None:
        changed = {attribute: wrong} if request.get(attribute) == right else {}
        return write(item, {**request, **changed})

    return lambda patch: patch.setattr(model, "write", wrongly)


def forget_the_condition(model: ModuleType, condition: str) -> Plant:
    """Return the error that a write has no condition."""
    return change_writes(model, "ConditionExpression", condition, "")

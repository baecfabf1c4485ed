"""Conditional writes of one item, as DynamoDB carries them out: the expressions that the products use, and no others.

tests/models/test_conditional_writes.py compares them with moto's.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Item = Mapping[str, Any]
    Value = dict[str, Any] | None

_TOKEN = re.compile(r"[#:]?\w+|[<>]=|<>|[=<>(),]")
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD)\b")
_COMPARATORS: Mapping[str, Callable[[Any, Any], bool]] = {"=": operator.eq, "<": operator.lt, "<=": operator.le}

# boto3's types are narrower than what its functions take.
_deserialize: Callable[[Any], Any] = TypeDeserializer().deserialize
_serialize: Callable[[Any], Any] = TypeSerializer().serialize


class ConditionNotMetError(Exception):
    """The condition of a write does not hold."""


def condition_not_met(item: Item | None) -> ClientError:
    """Return the error of boto3's client that says so, with the item that stood in the way."""
    answer: Any = {"Error": {"Code": "ConditionalCheckFailedException"}, **({"Item": item} if item else {})}
    return ClientError(answer, "UpdateItem")


def write(item: Item | None, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the item after a PutItem, UpdateItem or DeleteItem with these parameters; None: there is none.

    Raises ConditionNotMetError.
    """
    condition = request.get("ConditionExpression")
    if condition and not _Expression(condition, item or {}, request).condition():
        raise ConditionNotMetError
    if "Item" in request:
        return dict(request["Item"])
    return _updated(item, request) if "UpdateExpression" in request else None


def _updated(item: Item | None, request: Mapping[str, Any]) -> dict[str, Any]:
    found = item or request["Key"]
    changed = dict(found)
    _, *clauses = _CLAUSE.split(request["UpdateExpression"])
    for keyword, text in zip(clauses[::2], clauses[1::2], strict=True):
        expression = _Expression(text, found, request)
        for name, value in expression.assignments(keyword):
            if value is None:
                changed.pop(name, None)
            else:
                changed[name] = value
    return changed


class _Expression:
    """An expression, read from left to right; every operand is read, whether or not it matters any more."""

    def __init__(self, text: str, item: Item, request: Mapping[str, Any]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._item = item
        self._names = request.get("ExpressionAttributeNames", {})
        self._values = request.get("ExpressionAttributeValues", {})

    def condition(self) -> bool:
        holds = self._conjunction()
        while self._follows("OR"):
            holds = self._conjunction() or holds
        return holds

    def assignments(self, keyword: str) -> Iterable[tuple[str, Value]]:
        """Yield the attributes of a clause of an update, with their new values; None: the attribute is removed."""
        while self._tokens:
            name = self._name(self._tokens.pop(0))
            yield name, self._new_value(keyword, name)
            self._follows(",")

    def _new_value(self, keyword: str, name: str) -> Value:
        if keyword == "REMOVE":
            return None
        if keyword == "SET":
            assert self._follows("=")
            return self._operand()
        added = self._operand()
        value: Value = _serialize(_deserialize(self._item.get(name, {"N": "0"})) + _deserialize(added))
        return value

    def _conjunction(self) -> bool:
        holds = self._comparison()
        while self._follows("AND"):
            holds = self._comparison() and holds
        return holds

    def _comparison(self) -> bool:
        if self._follows("("):
            holds = self.condition()
            assert self._follows(")")
            return holds
        if self._tokens[1] == "(":
            return self._function(self._tokens.pop(0))
        left, compare, right = self._operand(), _COMPARATORS[self._tokens.pop(0)], self._operand()
        # DynamoDB compares values of one type only.
        return bool(left and right and left.keys() == right.keys() and compare(_deserialize(left), _deserialize(right)))

    def _function(self, function: str) -> bool:
        first, *others = self._arguments()
        match function, others:
            case "attribute_exists", []:
                return first is not None
            case "attribute_not_exists", []:
                return first is None
            case "contains", [element]:
                return first is not None and element in first["L"]
        raise NotImplementedError(function)

    def _operand(self) -> Value:
        token = self._tokens.pop(0)
        if token.startswith(":"):
            value: dict[str, Any] = self._values[token]
            return value
        if self._tokens[:1] != ["("]:
            return self._item.get(self._name(token))
        first, second = self._arguments()
        match token:
            case "list_append" if first and second:
                return {"L": first["L"] + second["L"]}
            case "if_not_exists":
                return second if first is None else first
        raise NotImplementedError(token)

    def _arguments(self) -> list[Value]:
        assert self._follows("(")
        arguments = [self._operand()]
        while self._follows(","):
            arguments.append(self._operand())
        assert self._follows(")")
        return arguments

    def _name(self, token: str) -> str:
        name: str = self._names[token] if token.startswith("#") else token
        return name

    def _follows(self, token: str) -> bool:
        """Skip this token if it follows, and tell whether it did."""
        if self._tokens[:1] != [token]:
            return False
        self._tokens.pop(0)
        return True

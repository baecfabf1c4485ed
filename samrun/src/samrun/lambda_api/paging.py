"""Pages of a list, by Marker and MaxItems."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from samrun.functions.invocation_request import LambdaRequestError

_T = TypeVar("_T")
# https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
_MAX_ITEMS = 10_000


def page_of(
    items: Iterable[_T], query: Mapping[str, str], *, key: Callable[[_T], str], size: int
) -> tuple[Sequence[_T], str | None]:
    """Return the items that a query asks for, and the marker of the next page, or None.

    The items are sorted by `key`, so a page continues where the last one ended, whatever came or went since. A page
    has at most `size` items, even if the query asks for more, as on AWS.
    """
    after = query.get("Marker") or ""
    rest = sorted((each for each in items if key(each) > after), key=key)
    count = min(_max_items(query.get("MaxItems")), size)
    return rest[:count], key(rest[count - 1]) if len(rest) > count else None


def _max_items(text: str | None) -> int:
    if text is None:
        return _MAX_ITEMS
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_ITEMS:
        raise LambdaRequestError(
            400,
            "ValidationException",
            f"1 validation error detected: Value '{text}' at 'maxItems' failed to satisfy constraint: Member must have "
            f"value between 1 and {_MAX_ITEMS}",
        )
    return int(text)

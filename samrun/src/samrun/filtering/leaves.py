"""Leaves of an event: its values that are neither objects nor arrays, by their paths, as AWS's event-ruler sees them.

The path of a value has the names of the objects around it, and nothing of the arrays. So a dot in a name is like an
object in an object, and an empty object or array is like one that is missing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

Elements = Mapping[int, int]
"""Elements of arrays: the index in each one, by a number that the array has in its event."""


class PlainText(str):
    """A text that is not JSON. Rules for an object do not match it, not even one for a field that is missing."""

    __slots__ = ()


class Leaf(NamedTuple):
    """A value, and the elements of arrays that it is a part of."""

    value: Any
    elements: Elements


class Leaves:
    """Leaves at one path."""

    def __init__(self) -> None:
        self.all: list[Leaf] = []
        self.arrays: set[int] = set()
        self._by_element: defaultdict[tuple[int, int], list[Leaf]] = defaultdict(list)

    def add(self, leaf: Leaf) -> None:
        self.all.append(leaf)
        self.arrays |= leaf.elements.keys()
        for element in leaf.elements.items():
            self._by_element[element].append(leaf)

    def consistent_with(self, elements: Elements) -> list[Leaf]:
        """Return the leaves that are in no other element of an array than these."""
        # An index, since a record may have thousands of elements, and each is looked at for each other one otherwise.
        shared = next((array for array in reversed(elements) if array in self.arrays), None)
        near = self.all if shared is None else self._by_element.get((shared, elements[shared]), [])
        return [leaf for leaf in near if _are_consistent(leaf.elements, elements)]


def _are_consistent(some: Elements, others: Elements) -> bool:
    return all(others.get(array, index) == index for array, index in some.items())


class _Node(NamedTuple):
    path: str | None
    value: Any
    elements: Elements


class Event:
    """Leaves of an event, as far as they are at paths that a pattern tests; `steps` are those of these paths."""

    def __init__(self, fields: Mapping[str, Any], steps: Collection[str]) -> None:
        self._leaves: dict[str, Leaves] = {}
        self.plain_texts: list[str] = []
        """The paths of the texts that are not JSON."""
        self.is_in_arrays = False
        """Set if a leaf is in an element of an array."""
        self._steps = steps
        self._arrays = count()
        # No recursion: no record may be nested too deeply for it.
        left: list[_Node] = [_Node(None, fields, {})]
        while left:
            left += self._read(left.pop())

    def _read(self, part: "_Node") -> Iterator["_Node"]:
        """Keep a leaf; yield the parts of anything else."""
        path, value, elements = part
        if isinstance(value, dict):
            for name, each in value.items():
                inner = name if path is None else f"{path}.{name}"
                if inner in self._steps:
                    yield _Node(inner, each, elements)
        elif isinstance(value, list):
            array = next(self._arrays)
            for index, each in enumerate(value):
                # A value that is itself an element belongs to the array as a whole.
                is_leaf = not isinstance(each, dict | list)
                yield _Node(path, each, elements if is_leaf else {**elements, array: index})
        elif path is not None:
            if isinstance(value, PlainText):
                self.plain_texts.append(path)
            self._leaves.setdefault(path, Leaves()).add(Leaf(value, elements))
            self.is_in_arrays = self.is_in_arrays or bool(elements)

    def at(self, path: str) -> Leaves:
        return self._leaves.get(path) or _NONE


_NONE = Leaves()


def steps_of(paths: Collection[str]) -> Collection[str]:
    """Return these paths, and those of the objects around."""
    return {path[:end] for path in paths for end in _ends(path)}


def _ends(path: str) -> Sequence[int]:
    return [*(position for position, character in enumerate(path) if character == "."), len(path)]

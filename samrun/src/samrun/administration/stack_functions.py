"""Functions of a stack, found by whichever of their names a person knows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from samrun.supervision.files import write_atomically
from samrun.template.arns import function_and_qualifier
from samrun.template.model.application import Application

_FILE = "functions.json"


@dataclass(frozen=True, kw_only=True)
class StackFunctions:
    """The names of a stack's functions, by their logical ids.

    A stack writes them into its data folder, where commands find them, `samrun logs` also after the stack has ended.
    """

    names: Mapping[str, str]

    @classmethod
    def of(cls, application: Application) -> Self:
        """Return those of an application."""
        return cls(names={each.logical_id: each.name for each in application.functions})

    @classmethod
    def read(cls, data: Path) -> Self:
        """Return those of the stack on a data folder; none if an older samrun started it."""
        try:
            return cls(names=json.loads((data / _FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls(names={})

    def write(self, data: Path) -> None:
        """Write them for the stack that runs on a data folder."""
        write_atomically(data / _FILE, json.dumps(dict(self.names), indent=2) + "\n")

    def resolve(self, reference: str) -> tuple[str, str | None]:
        """Return the name and the qualifier of a function, from its name, logical id or ARN; each may have a qualifier.

        The logical id of a function in a nested stack is STACK/FUNCTION; FUNCTION alone will do if no other has it. A
        name that no function has is returned as it is.
        """
        name, qualifier = function_and_qualifier(reference)
        if name in self.names.values():
            return name, qualifier
        nested = [found for logical_id, found in self.names.items() if logical_id.rpartition("/")[2] == name]
        return self.names.get(name) or (nested[0] if len(nested) == 1 else name), qualifier

    def qualified_name(self, reference: str) -> str:
        """Return `NAME` or `NAME:QUALIFIER`, as Lambda's API takes it, from any of these forms."""
        name, qualifier = self.resolve(reference)
        return f"{name}:{qualifier}" if qualifier else name

    def listed(self) -> str:
        """Return the names for an error message, each with the logical id if that is another one."""
        texts = (
            name if name == logical_id else f"{name} ({logical_id})" for logical_id, name in sorted(self.names.items())
        )
        return ", ".join(texts) or "none"

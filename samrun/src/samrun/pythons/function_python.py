"""Python of a function: the interpreter that runs it, and the packages that it can import."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from samrun.errors import SamrunError
from samrun.template.model.functions import Function

Origin = Literal["samrun", "requirements", "sam build", "code"]


@dataclass(frozen=True, kw_only=True)
class FunctionPython:
    """Interpreter and packages of a function. `version` is that of the interpreter, such as 3.13.

    `packages` come right behind the function's own code on the path, as if they were in its deployment package, and
    `layer_packages` behind its layers. `runtime_packages` come last: those that Lambda's runtime has by itself.
    `origin` says where the packages come from: samrun's own environment, the requirements.txt of the CodeUri, the
    artifact of `sam build`, or the code itself, which is a whole deployment package.
    """

    executable: Path
    version: str
    origin: Origin
    packages: tuple[Path, ...] = ()
    layer_packages: tuple[Path, ...] = ()
    runtime_packages: tuple[Path, ...] = ()

    def search_path(self, function: Function) -> tuple[Path, ...]:
        """Return the folders in which the function's imports are looked up, in Lambda's order."""
        return (function.code, *self.packages, *function.layers, *self.layer_packages, *self.runtime_packages)


@dataclass(frozen=True, kw_only=True)
class PreparedFunction:
    """A function, maybe with its built code, and the Python that runs it; or the reason why it has none."""

    function: Function
    python: FunctionPython | SamrunError


class Pythons(Protocol):
    """The Pythons of a stack's functions."""

    async def prepare(self, functions: Sequence[Function]) -> list[PreparedFunction]:
        """Return functions with their Pythons, ready to run. Each change of a function's files calls for it again."""
        ...

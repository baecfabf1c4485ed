"""Compiled templates: what the build left beside the templates, so that a cold start need not compile them.

The file is Python's `marshal` of {name: [digest, code]}, after the magic number of the Python that reads it. Another
Python, another Jinja or a changed template finds nothing in it, and compiles the template as if there were no file.
"""

from __future__ import annotations

import marshal
from hashlib import sha256
from importlib.util import MAGIC_NUMBER
from typing import TYPE_CHECKING

import jinja2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import CodeType

SUFFIX = ".compiled"


def digest(source: str) -> str:
    """Return what a compiled template was made of: the source of the template, and the version of Jinja."""
    return sha256(f"{jinja2.__version__}\n{source}".encode()).hexdigest()


class CompiledTemplates:
    """Compiled templates of the folder `templates`, from the file beside it; none if there is no such file."""

    def __init__(self, templates: Path) -> None:
        self._codes: Mapping[str, tuple[str, CodeType]] = {}
        try:
            content = templates.with_suffix(SUFFIX).read_bytes()
        except FileNotFoundError:  # on a developer's machine
            return
        if content.startswith(MAGIC_NUMBER):
            self._codes = marshal.loads(content[len(MAGIC_NUMBER) :])  # noqa: S302 - it is a part of the artifact

    def find(self, name: str, source: str) -> CodeType | None:
        """Return the code of a template; None if it has to be compiled."""
        made_of, code = self._codes.get(name, ("", None))
        return code if made_of == digest(source) else None

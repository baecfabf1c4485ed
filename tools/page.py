"""Tables that a tool writes into a document: each stands between `<!-- name: … -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BLOCK = re.compile(r"(?P<begin><!-- table: (?P<name>[\w-]+)[^>]* -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


class TablesError(Exception):
    """A document has other tables than the tool writes."""


def with_tables(document: str, tables: Mapping[str, str]) -> str:
    """Return the document with these tables in place of those that it has. Raises TablesError."""
    names = [match["name"] for match in _BLOCK.finditer(document)]
    if sorted(names) != sorted(tables):
        raise TablesError(f"The document has the tables {sorted(names)}; the tool writes {sorted(tables)}.")
    return _BLOCK.sub(lambda match: f"{match['begin']}{tables[match['name']]}\n{match['end']}", document)


def markdown_table(rows: Sequence[Sequence[str]], *, numbers: int = 0) -> str:
    """Return the rows as a table of Markdown, the first as its head; the last `numbers` columns are aligned right."""
    head, *body = rows
    aligned = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, aligned, *body))

"""Tables in documents that tools write."""

import pytest

from tools.page import TablesError, markdown_table, with_tables

DOCUMENT = """# Page

<!-- table: first, written by a tool -->
old
<!-- end -->

Between.

<!-- table: second-one, written by a tool -->
<!-- end -->
"""


def test_tables_replace_those_between_their_marks_and_nothing_else() -> None:
    written = with_tables(DOCUMENT, {"first": "| a |", "second-one": "| b |"})
    assert written == DOCUMENT.replace("old\n", "| a |\n").replace("tool -->\n<!-- end", "tool -->\n| b |\n<!-- end")
    assert with_tables(written, {"first": "| a |", "second-one": "| b |"}) == written


@pytest.mark.parametrize("tables", [{"first": ""}, {"first": "", "second-one": "", "third": ""}])
def test_a_table_that_the_document_lacks_or_that_nobody_writes_is_an_error(tables: dict[str, str]) -> None:
    with pytest.raises(TablesError, match="second-one"):
        with_tables(DOCUMENT, tables)


def test_columns_of_numbers_are_aligned_right() -> None:
    assert markdown_table([("what", "USD"), ("mail", "1")], numbers=1) == "| what | USD |\n| --- | ---: |\n| mail | 1 |"

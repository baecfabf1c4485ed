"""Links and paths in the documents: each leads to a file, a folder or a heading that exists."""

import os
import re
from pathlib import Path

import pytest

from tests.project import ROOT

# Folders of tools and of what the project generates begin with a dot; these two are part of it.
HIDDEN_FOLDERS = {".ci", ".github"}
OF_OTHERS = {"__pycache__", "node_modules"}
# These documents also name files that are gone.
HISTORIES = {ROOT / "CHANGELOG.md", ROOT / "docs/decisions.md"}
# A stack writes these while it runs.
GENERATED = {"endpoints.json", "stack.json", "text_message.txt"}

BLOCK = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OUTSIDE = re.compile(r"[a-z]+:")  # https:, mailto:
PATH = re.compile(r"[a-z.][\w.-]*(/[\w.-]+)*(/|\.(ini?|jinja|json|lock|md|py|toml|txt|yaml|yml))")
TOP_FOLDERS = "benchmarks|docs|events|examples|functions|infrastructure|parameters|samrun|tests|tools"
PATH_IN_BLOCK = re.compile(rf"(?<![\w/.-])(?:{TOP_FOLDERS})/[\w./-]*")


def _repository() -> list[Path]:
    found: list[Path] = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name for name in folders if name in HIDDEN_FOLDERS or not (name.startswith(".") or name in OF_OTHERS)
        ]
        found += [Path(folder, name) for name in (*folders, *files)]
    return found


REPOSITORY = _repository()
DOCUMENTS = sorted(path for path in REPOSITORY if path.suffix == ".md")
ENDS_OF_PATHS = "\n".join(f"/{path.relative_to(ROOT)}" for path in REPOSITORY) + "\n"

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def _exists(path: str) -> bool:
    """Tell whether a file or folder has this path, from the root or from any folder."""
    return f"/{path.rstrip('/')}\n" in ENDS_OF_PATHS


def _anchors(document: Path) -> set[str]:
    """Return the names that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _leads_nowhere(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    return not target.exists() or bool(anchor and anchor not in _anchors(target))


def test_the_documents_are_found() -> None:
    assert {ROOT / "README.md", ROOT / "docs/architecture.md", ROOT / "samrun/README.md"} <= set(DOCUMENTS)


@each_document
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(document: Path) -> None:
    links = LINK.findall(BLOCK.sub("", document.read_text()))
    assert [link for link in links if not OUTSIDE.match(link) and _leads_nowhere(document, link)] == []


@each_document
def test_every_path_in_a_document_exists(document: Path) -> None:
    if document in HISTORIES:
        return
    quoted = re.findall(r"`([^`\n]+)`", BLOCK.sub("", document.read_text()))
    paths = [each for each in quoted if PATH.fullmatch(each) and not each.startswith(".") and each not in GENERATED]
    assert [path for path in paths if not _exists(path)] == []


@each_document
def test_every_path_in_a_block_of_code_exists(document: Path) -> None:
    blocks = BLOCK.findall(document.read_text())
    paths = [path for block in blocks for path in PATH_IN_BLOCK.findall(block)]
    assert [path for path in paths if not _exists(path)] == []

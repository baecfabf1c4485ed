"""Files of others in samrun: they are as their authors publish them, and their licences are allowed."""

import hashlib
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SAMRUN = ROOT / "samrun"
LICENCES = tomllib.loads((ROOT / "tools" / "supply_chain" / "licences.toml").read_text())["allowed"]


class _File(NamedTuple):
    path: str
    licence: str
    sha256: str


FILES = [
    _File(path, licence, sha256)
    for path, _, licence, sha256 in re.findall(
        r"^\| (src/\S+) \| (.+) \| (\S+) \| ([0-9a-f]{64}) \|$", (SAMRUN / "THIRD-PARTY.md").read_text(), re.MULTILINE
    )
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: Path(file.path).name)
def test_file_is_as_its_authors_publish_it(file: _File) -> None:
    assert hashlib.sha256((SAMRUN / file.path).read_bytes()).hexdigest() == file.sha256
    assert file.licence in LICENCES


def test_every_minified_script_is_listed() -> None:
    minified = {str(path.relative_to(SAMRUN)) for path in (SAMRUN / "src").rglob("*.min.js")}
    assert minified == {file.path for file in FILES}

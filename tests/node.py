"""Tests that run programs in Node.js, which `make test` installs where Node.js and npm are there."""

import os
import shutil
from pathlib import Path

import pytest

from tests.project import ROOT


def needs_node(folder: Path, package: str) -> pytest.MarkDecorator:
    """Return the mark of a test that needs a package of Node.js in a folder of the project.

    Where REQUIRE_NODE is 1, as in CI, such a test runs, and so fails, without it.
    """
    return pytest.mark.skipif(
        not (shutil.which("node") and (folder / "node_modules" / package).exists())
        and os.environ.get("REQUIRE_NODE") != "1",
        reason="needs Node.js and npm: install them, then run "
        f"make {folder.relative_to(ROOT).as_posix()}/node_modules/installed",
    )

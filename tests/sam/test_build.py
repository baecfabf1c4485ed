"""`sam build`: each function's artifact is complete, and holds nothing of the other."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local.model import Function
from local.template import load

# Building takes a minute: once, in one worker.
pytestmark = pytest.mark.xdist_group("sam-build")

# -I and -S leave nothing but the standard library on the path: what else is imported, the artifact brings.
IMPORT = """
import importlib, json, sys
sys.path.append(sys.argv[1])
module, _, handler = sys.argv[2].rpartition(".")
app = importlib.import_module(module)
assert callable(getattr(app, handler))
print(json.dumps(sorted(app.notifier.messages.types) if "notifier" in vars(app) else None))
"""


@pytest.fixture(scope="session")
def build(
    sam: Callable[..., None],
    python: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The folder that holds the artifact of each function."""
    folder = tmp_path_factory.mktemp("build")
    sam("build", "--build-dir", str(folder), "--parallel")
    return folder

"""Copies of the deployed files, for tests that change them or leave files beside them."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copy_to(folder: Path) -> Path:
    """Copy the functions, the template, its parameters and the sample events to the folder; return the folder."""
    for name in ("functions", "parameters", "events"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder

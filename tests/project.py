"""Copies of what a deployment is made of, for tests that change it or leave files beside it."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copy_to(folder: Path) -> Path:
    """Make the folder a copy of the functions, the template, its parameters and the sample events; return it."""
    for name in ("functions", "parameters", "events"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder

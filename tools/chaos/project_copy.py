"""Copy of what a deployment has, which a run may change."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copy_project(folder: Path) -> Path:
    """Copy the functions, the template and its parameters to the folder; return the folder."""
    for name in ("functions", "parameters"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "openapi.json", folder / "docs" / "openapi.json")
    return folder


def plant(folder: Path, file: str, text: str, replacement: str) -> None:
    """Replace a text that a file of the copy has exactly once. Raises ValueError if it has not."""
    path = folder / file
    content = path.read_text(encoding="utf-8")
    if content.count(text) != 1:
        message = f"{file} has {content.count(text)} times: {text}"
        raise ValueError(message)
    path.write_text(content.replace(text, replacement), encoding="utf-8")

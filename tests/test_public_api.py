"""samrun's public API: the order system and its tests use only names that everybody can use."""

import ast
from pathlib import Path

import pytest

import samrun

ROOT = Path(__file__).parents[1]
PUBLIC = {"samrun", "samrun.testing"}
# The packages of samrun; its own tests have the second.
PACKAGES = {"samrun", "support"}
USERS = sorted(
    [
        ROOT / "conftest.py",
        *(file for name in ("benchmarks", "examples", "tests", "tools") for file in (ROOT / name).rglob("*.py")),
    ]
)
FUNCTIONS = sorted((ROOT / "functions").rglob("*.py"))


def _imported(file: Path) -> set[str]:
    """Return the modules of samrun and of its tests that a file imports."""
    modules = set[str]()
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Import(names=names):
                modules |= {each.name for each in names}
            case ast.ImportFrom(module="samrun", names=names):
                # `from samrun import settings` imports a module, unless it is a public name.
                modules |= {"samrun" if each.name in samrun.__all__ else f"samrun.{each.name}" for each in names}
            case ast.ImportFrom(module=str() as module, level=0):
                modules.add(module)
    return {module for module in modules if module.partition(".")[0] in PACKAGES}


def _is_public(module: str) -> bool:
    return module in PUBLIC or module.startswith("samrun.testing.")


def test_every_file_outside_samrun_uses_only_its_public_api() -> None:
    assert len(USERS) > 250
    found = {str(file): sorted(module for module in _imported(file) if not _is_public(module)) for file in USERS}
    assert {file: modules for file, modules in found.items() if modules} == {}


def test_functions_import_nothing_of_samrun() -> None:
    assert len(FUNCTIONS) > 40
    assert {file.name for file in FUNCTIONS if _imported(file)} == set()


@pytest.mark.parametrize("name", samrun.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(samrun, name)
    assert name == "__version__" or name in (samrun.__doc__ or "")
    assert not callable(found) or found.__doc__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'samrun' has no attribute 'anything'"):
        _ = getattr(samrun, "anything")  # noqa: B009

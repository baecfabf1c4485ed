"""Docstrings of packages: a docstring that lists the package's modules lists all of them, and no other names."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import samrun

SOURCE = Path(samrun.__file__).parent
PACKAGES = sorted(path.parent for path in SOURCE.rglob("__init__.py") if path.parent != SOURCE)


def _named(package: Path) -> set[str]:
    """Return the lower-case names in backticks, those of the package's own modules without its name."""
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    names = re.findall(r"`([a-z_]\w*(?:\.\w+)*)`", text)
    return {name.removeprefix(f"samrun.{package.name}.") for name in names}


def _modules(package: Path) -> set[str]:
    """Return the names of a package's modules, and of the packages in it."""
    packages = {path.parent.name for path in package.glob("*/__init__.py")}
    return {path.stem for path in package.glob("*.py")} - {"__init__"} | packages


def _is_there(name: str, package: Path, source: Path) -> bool:
    """Tell whether a name is a module, of the package or of another one, or a function in a module of the package."""
    other = source.joinpath(*name.split(".")).with_suffix(".py")
    return name in _modules(package) | _functions(package) or other.is_file()


@functools.cache
def _functions(package: Path) -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in package.glob("*.py")]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def faults(package: Path, source: Path) -> Iterator[str]:
    """Yield what is wrong with the docstring of a package."""
    named, modules = _named(package), _modules(package)
    yield from (f"there is no {name}" for name in sorted(named) if not _is_there(name, package, source))
    if named & modules:
        yield from (f"{name} is not named" for name in sorted(modules - named))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_docstring_of_a_package_names_its_modules_and_nothing_else(package: Path) -> None:
    assert list(faults(package, SOURCE)) == []


def test_packages_list_their_modules() -> None:
    listing = {package.name for package in PACKAGES if _named(package) & _modules(package)}
    assert listing == {package.name for package in PACKAGES} - {"cli"}


@pytest.mark.parametrize(
    ("docstring", "found"),
    [
        ("`reader` and `writer`, with `open_file`; `other.helper`.", []),
        ("The command line.", []),
        ("`reader` reads.", ["writer is not named"]),
        ("`reader`, `writer`, `printer`.", ["there is no printer"]),
        ("`reader`, `writer`, `other.printer`.", ["there is no other.printer"]),
    ],
)
def test_faults_are_found(tmp_path: Path, docstring: str, found: list[str]) -> None:
    package, other = tmp_path / "package", tmp_path / "other"
    for folder in (package, other):
        folder.mkdir()
    (package / "__init__.py").write_text(f'"""{docstring}"""\n', encoding="utf-8")
    (package / "reader.py").write_text("def open_file() -> None: ...\n", encoding="utf-8")
    (package / "writer.py").touch()
    (other / "helper.py").touch()
    assert list(faults(package, tmp_path)) == found

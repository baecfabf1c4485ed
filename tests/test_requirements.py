"""Lock files: they pin and hash every package, so every index delivers the same packages."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OF_FUNCTIONS = sorted(
    path.with_suffix(".txt").relative_to(ROOT).as_posix()
    for pattern in ("functions/*/requirements.in", "examples/*/src/requirements.in")
    for path in ROOT.glob(pattern)
)
OF_SAMRUN = "samrun/requirements.lock"
OF_TOOLS = ("requirements-sam.lock", "requirements-checkov.lock", "requirements-supply-chain.lock")
OF_RUNNING = ("requirements-run.lock", "requirements-uv.lock")
FILES = ("requirements.lock", *OF_RUNNING, *OF_TOOLS, *OF_FUNCTIONS, OF_SAMRUN)
# name[extras]==version ; marker --hash=… --hash=…
PINNED_AND_HASHED = re.compile(r"[\w.-]+(\[[\w, -]+\])?==[\w.+!-]+( ; [^/]+?)?( --hash=sha256:[0-9a-f]{64})+")


def _requirements(name: str) -> set[str]:
    joined = re.sub(r" \\\n +", " ", (ROOT / name).read_text())
    return {line for line in joined.splitlines() if not line.startswith("#")}


@pytest.mark.parametrize("name", FILES)
def test_lock_files_contain_only_pinned_and_hashed_requirements(name: str) -> None:
    requirements = _requirements(name)
    assert requirements
    assert [line for line in requirements if not PINNED_AND_HASHED.fullmatch(line)] == []


@pytest.mark.parametrize("name", FILES)
def test_lock_files_name_no_index(name: str) -> None:
    # This includes comments, because uv writes its options into them.
    assert re.findall("://|--index|--find-links", (ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", [*OF_FUNCTIONS, OF_SAMRUN, *OF_RUNNING])
def test_functions_and_runner_have_the_versions_that_are_tested(name: str) -> None:
    assert _requirements(name) <= _requirements("requirements.lock")


@pytest.mark.parametrize("name", [*OF_FUNCTIONS, OF_SAMRUN])
def test_running_has_all_that_functions_and_runner_need(name: str) -> None:
    assert _requirements(name) <= _requirements("requirements-run.lock")


def test_running_needs_nothing_of_tests_and_checks() -> None:
    needed = {_name(each) for each in _requirements("requirements-run.lock")}
    assert (
        needed & {"boto3-stubs", "cfn-lint", "hypothesis", "mypy", "playwright", "pytest", "ruff", "schemathesis"}
        == set()
    )
    assert len(needed) < len(_requirements("requirements.lock")) * 0.6


def test_the_lock_has_every_dependency_of_the_runner_and_what_builds_it() -> None:
    package = tomllib.loads((ROOT / "samrun" / "pyproject.toml").read_text())
    declared = [*package["project"]["dependencies"], *package["build-system"]["requires"], "editables"]
    locked = {_name(each) for each in _requirements("requirements.lock")}
    assert {_name(each) for each in declared} - locked == set()


def test_the_runner_declares_every_package_that_it_imports() -> None:
    project = tomllib.loads((ROOT / "samrun" / "pyproject.toml").read_text())["project"]
    declared = {_name(each) for each in project["dependencies"]}
    # `pip install samrun[testing]` brings these, for samrun.testing only, and samrun[schemas] those of samrun.schemas.
    optional = {
        extra: {_name(each) for each in packages} for extra, packages in project["optional-dependencies"].items()
    }
    providers = packages_distributions()
    for file in (ROOT / "samrun" / "src").rglob("*.py"):
        allowed = declared.union(*(packages for extra, packages in optional.items() if extra in file.parts))
        for module in _imported(file) - sys.stdlib_module_names - {"samrun", "_typeshed"}:
            assert {_name(name) for name in providers[module]} & allowed, f"{file} imports {module}"


def _imported(file: Path) -> set[str]:
    names = set[str]()
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Import(names=imported):
                names |= {each.name for each in imported}
            case ast.ImportFrom(module=str() as module, level=0):
                names.add(module)
    return {name.partition(".")[0] for name in names}


def _name(requirement: str) -> str:
    """Return the name of a requirement's package."""
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")

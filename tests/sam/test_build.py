"""`sam build`: a function's artifact has all that the function imports, nothing of other functions, and one zip."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from samrun.testing.templates import Function, load
from tests.project import copy_to
from tests.sam.sam_cli import SamCli
from tools.supply_chain.artifacts import Artifact, artifacts
from tools.supply_chain.lock_file import locked_packages
from tools.supply_chain.reproducible_zip import pack

REGION = "eu-central-1"
# A build takes a minute, so it runs once, in one worker.
pytestmark = pytest.mark.xdist_group("sam-build")


@pytest.fixture(scope="session")
def functions(project: Path, parameters: dict[str, str]) -> dict[str, Function]:
    """The functions that the template declares, by name."""
    application = load(project / "template.yaml", parameters=parameters, region=REGION, aws="http://aws.invalid")
    return {function.name: function for function in application.functions}


@pytest.fixture
def run(build: Path, functions: dict[str, Function], python: str) -> Callable[[str, str], str]:
    """Runner of code as in Lambda: with the function's artifact and environment, and nothing else of this machine."""

    def run(name: str, code: str) -> str:
        # -I and -S leave only the standard library on the path.
        command = [python, "-I", "-S", "-c", f"import sys; sys.path.append({str(build / name)!r})\n{code}"]
        environment = {**functions[name].environment, "AWS_DEFAULT_REGION": REGION}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("name", ["OrderFunction", "NotifyFunction", "FeedbackFunction", "HistoryFunction"])
def test_artifact_contains_everything_that_its_handler_imports(
    functions: dict[str, Function], run: Callable[[str, str], str], name: str
) -> None:
    module, _, handler = functions[name].handler.rpartition(".")
    assert run(name, f"import {module}; print(callable({module}.{handler}))") == "True\n"


@pytest.mark.parametrize(("name", "package"), [("OrderFunction", "order"), ("NotifyFunction", "notify")])
def test_artifact_contains_only_its_own_function(build: Path, name: str, package: str) -> None:
    assert [each.name for each in (build / name / "functions").iterdir()] == [package]
    assert not {"samrun", "tests", "tools"} & {each.name for each in (build / name).iterdir()}


def test_notifys_artifact_contains_the_mail_templates(project: Path, run: Callable[[str, str], str]) -> None:
    types = run(
        "NotifyFunction",
        "import json; from functions.notify.messages.messages import Messages; "
        "print(json.dumps(sorted(Messages(shop_name='Shop').fields)))",
    )
    folders = (project / "functions/notify/templates").iterdir()
    assert json.loads(types) == sorted(folder.name for folder in folders if folder.is_dir())


ZIPS = [artifact for artifact in artifacts() if artifact.build_folder]
each_zip = pytest.mark.parametrize("artifact", ZIPS, ids=lambda artifact: artifact.name)


@each_zip
def test_second_build_in_another_folder_has_the_same_zip(build: Path, tmp_path: Path, artifact: Artifact) -> None:
    """The second one is of files with other times, and its folder may be on another file system."""
    project = copy_to(tmp_path / "second")
    for path in project.rglob("*.py"):
        os.utime(path, (0, 0))
    SamCli(project).run("build", artifact.build_folder)
    zips = [tmp_path / "first.zip", tmp_path / "second.zip"]
    for built, target in zip((build, project / ".aws-sam/build"), zips, strict=True):
        pack(built / artifact.build_folder, target)
    assert zips[0].read_bytes() == zips[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "others"),
    [("OrderFunction", ["RelayFunction"]), ("NotifyFunction", ["FeedbackFunction", "HistoryFunction"])],
)
def test_functions_of_a_service_have_one_content(build: Path, name: str, others: list[str]) -> None:
    expected = contents(build / name)
    assert [other for other in others if contents(build / other) != expected] == []


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the files of an artifact, without the byte code that other tests left there."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder): path.read_bytes() for path in files}


@each_zip
def test_sbom_lists_the_packages_of_the_artifact(build: Path, artifact: Artifact) -> None:
    """An SBOM lists those of the lock file."""
    installed = {
        folder.name.removesuffix(".dist-info").lower().replace("_", "-")
        for folder in (build / artifact.build_folder).glob("*.dist-info")
    }
    assert installed == {f"{each.name}-{each.version}" for each in locked_packages(artifact.lock_file)}

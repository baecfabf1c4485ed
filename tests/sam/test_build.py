"""`sam build`: a function's artifact has all that the function imports, nothing of other functions, and one zip."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from babel import Locale

from functions.notify.messages import formats
from samrun.testing.templates import Function, load
from tests.project import copy_to
from tests.sam.sam_cli import SamCli
from tools.supply_chain.artifacts import Artifact, artifacts
from tools.supply_chain.lock_file import locked_packages
from tools.supply_chain.reproducible_zip import pack
from tools.trim.__main__ import main as trim_all

REGION = "eu-central-1"
FUNCTIONS = ["OrderFunction", "RelayFunction", "NotifyFunction", "FeedbackFunction", "HistoryFunction"]
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


@pytest.mark.parametrize("name", FUNCTIONS)
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


def test_notify_compiles_no_template_at_its_start(run: Callable[[str, str], str]) -> None:
    compiled = run(
        "NotifyFunction",
        "import jinja2; from functions.notify.messages.messages import TEMPLATES; names = []; "
        "jinja2.Environment.compile = lambda self, source, name=None, *rest: names.append(name); "
        "from functions.notify.messages.templating import compile_all; "
        "found = compile_all(TEMPLATES).list_templates(extensions=['jinja']); print(len(found) > 20, names)",
    )
    assert compiled == "True []\n"


ZIPS = [artifact for artifact in artifacts() if artifact.build_folder]
each_zip = pytest.mark.parametrize("artifact", ZIPS, ids=lambda artifact: artifact.name)


@pytest.mark.proof
@each_zip
def test_second_build_in_another_folder_has_the_same_zip(
    build: Path, tmp_path: Path, artifact: Artifact, python: str
) -> None:
    """The second one is of files with other times, and its folder may be on another file system."""
    project = copy_to(tmp_path / "second")
    for path in project.rglob("*.py"):
        os.utime(path, (0, 0))
    SamCli(project).run("build", artifact.build_folder)
    zips = [tmp_path / "first.zip", tmp_path / "second.zip"]
    second = project / ".aws-sam/build"
    assert trim_all(["--build", str(second), "--python", python]) == os.EX_OK
    for built, target in zip((build, second), zips, strict=True):
        pack(built / artifact.build_folder, target)
    assert zips[0].read_bytes() == zips[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "others"),
    [("OrderFunction", ["RelayFunction"]), ("FeedbackFunction", ["HistoryFunction"])],
)
def test_functions_with_the_same_packages_have_one_content(build: Path, name: str, others: list[str]) -> None:
    expected = contents(build / name)
    assert [other for other in others if contents(build / other) != expected] == []


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the files of an artifact, without the byte code that other tests left there."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder): path.read_bytes() for path in files}


@each_zip
def test_sbom_lists_the_packages_of_the_artifact(build: Path, artifact: Artifact) -> None:
    """An SBOM lists those of the lock file that the artifact keeps."""
    installed = {
        folder.name.removesuffix(".dist-info").lower().replace("_", "-")
        for folder in (build / artifact.build_folder).glob("*.dist-info")
    }
    expected = [each for each in locked_packages(artifact.lock_file) if each.name not in artifact.without]
    assert installed == {f"{each.name}-{each.version}" for each in expected}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_cold_start_compiles_no_module(
    functions: dict[str, Function], run: Callable[[str, str], str], name: str
) -> None:
    """Of all modules, those of libraries too, the byte code is in the artifact."""
    module = functions[name].handler.rpartition(".")[0]
    compiled = (
        "import importlib._bootstrap_external as loader, json\n"
        "sources = []\n"
        "class Loader(loader.SourceFileLoader):\n"
        "    def source_to_code(self, data, path, **more):\n"
        "        sources.append(path)\n"
        "        return super().source_to_code(data, path, **more)\n"
        "loader.SourceFileLoader.source_to_code = Loader.source_to_code\n"
    )
    assert run(name, f"{compiled}import {module}\nprint(json.dumps(sources))") == "[]\n"


def test_a_mail_in_each_locale_is_rendered_with_the_formats_that_are_left(
    project: Path, run: Callable[[str, str], str]
) -> None:
    """babel's data of other locales is not in the artifact."""
    locales = sorted({folder.name for folder in (project / "functions/notify/templates").glob("*/*/")})
    rendered = run(
        "NotifyFunction",
        "import json\n"
        "from babel import Locale\n"
        "from functions.notify.messages import formats\n"
        f"locales = [Locale.parse(each, sep='-') for each in {locales!r}]\n"
        "print(json.dumps([[formats.money('12.50', 'EUR', each), formats.date_time('2026-11-22T10:15:30Z', each)]"
        " for each in locales]))",
    )
    expected = [
        [formats.money("12.50", "EUR", locale), formats.date_time("2026-11-22T10:15:30Z", locale)]
        for locale in (Locale.parse(each, sep="-") for each in locales)
    ]
    assert json.loads(rendered) == expected

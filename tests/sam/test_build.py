"""`sam build`: a function's artifact has everything that the function imports, and nothing of the other functions."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from samrun.testing.templates import Function, load

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
        "print(json.dumps(sorted(Messages(shop_name='Shop').types)))",
    )
    folders = (project / "functions/notify/templates").iterdir()
    assert json.loads(types) == sorted(folder.name for folder in folders if folder.is_dir())

"""`sam build`: each function's artifact has all that the function imports, and nothing of the other."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local.model import Function
from local.template import load

REGION = "eu-central-1"
# Building takes a minute: once, in one worker.
pytestmark = pytest.mark.xdist_group("sam-build")


@pytest.fixture(scope="session")
def functions(project: Path, parameters: dict[str, str]) -> dict[str, Function]:
    """The functions as the template declares them."""
    application = load(project / "template.yaml", parameters=parameters, region=REGION, aws="http://aws.invalid")
    return {function.name: function for function in application.functions}


@pytest.fixture
def run(build: Path, functions: dict[str, Function], python: str) -> Callable[[str, str], str]:
    """Runs code as a function runs: its artifact, its environment, and nothing else of this machine's."""

    def run(name: str, code: str) -> str:
        # -I and -S leave only the standard library on the path.
        command = [python, "-I", "-S", "-c", f"import sys; sys.path.append({str(build / name)!r})\n{code}"]
        environment = {**functions[name].environment, "AWS_DEFAULT_REGION": REGION}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("name", ["OrderFunction", "NotifyFunction", "FeedbackFunction", "HistoryFunction"])
def test_an_artifact_is_all_that_its_handler_needs(
    functions: dict[str, Function], run: Callable[[str, str], str], name: str
) -> None:
    module, _, handler = functions[name].handler.rpartition(".")
    assert run(name, f"import {module}; print(callable({module}.{handler}))") == "True\n"


@pytest.mark.parametrize(("name", "package"), [("OrderFunction", "order"), ("NotifyFunction", "notify")])
def test_an_artifact_holds_its_own_function_only(build: Path, name: str, package: str) -> None:
    assert [each.name for each in (build / name / "functions").iterdir()] == [package]
    assert not {"local", "tests", "tools"} & {each.name for each in (build / name).iterdir()}


def test_the_templates_of_the_mails_are_in_notifys_artifact(project: Path, run: Callable[[str, str], str]) -> None:
    types = run(
        "NotifyFunction",
        "import json; from functions.notify.messages import Messages; "
        "print(json.dumps(sorted(Messages(shop_name='Shop').types)))",
    )
    folders = (project / "functions/notify/templates").iterdir()
    assert json.loads(types) == sorted(folder.name for folder in folders if folder.is_dir())

"""The order system with the packages of its functions' own requirements, and not with those of the tests."""

from pathlib import Path

import httpx
import psutil

from samrun.testing.templates import read_yaml
from tests.project import ROOT
from tests.system.order_stack import OrderStack

FUNCTIONS = {
    name
    for name, resource in read_yaml(ROOT / "template.yaml")["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
SERVICES = {path.parent for path in ROOT.glob("functions/*/requirements.txt")}


def _function_of(process: psutil.Process) -> str | None:
    """Return the name of the function that a process runs; None if it runs none."""
    return process.environ().get("AWS_LAMBDA_FUNCTION_NAME")


def test_order_becomes_a_mail_with_each_function_on_its_own_packages(tmp_path: Path) -> None:
    with OrderStack(ROOT, tmp_path / "data", own_packages=True, eager=True) as stack:
        assert stack.place("pay-own").status_code == httpx.codes.CREATED
        stack.wait_for_mails_to(["pay-own"])
        assert stack.get("/orders").status_code == httpx.codes.OK
        processes = {name: each for each in stack.processes() if (name := _function_of(each))}
        # On a busy machine, an init may take longer than its ten seconds, and is repeated.
        assert not stack.logged("ImportModuleError")
        paths = {name: each.environ()["PYTHONPATH"].split(":") for name, each in processes.items()}
    assert paths.keys() == FUNCTIONS
    for path in paths.values():
        assert path[0] == str(ROOT)
        [packages] = [folder for folder in path if folder.endswith("site-packages")]
        assert not Path(packages).is_relative_to(ROOT), "the packages of the tests are in .venv"
        assert not (Path(packages) / "moto").exists()
    installed = {folder for path in paths.values() for folder in path if folder.endswith("site-packages")}
    assert len(installed) == len(SERVICES), "each folder of functions/ has a requirements.txt"

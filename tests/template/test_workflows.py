"""GitHub's workflows and Dependabot: what they run and look at exists, on versions that nobody can change under us."""

import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from tests.project import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_workflows_are_checks_deploy_and_release() -> None:
    assert [path.stem for path in WORKFLOWS] == ["checks", "deploy", "release"]


@pytest.mark.parametrize("name", ["checks", "release"])
def test_workflows_require_the_audit_for_vulnerabilities(name: str) -> None:
    """Elsewhere, an audit that could not be made is only said."""
    workflow = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    [step] = (step for step in steps if step.get("run") in {".ci/run", "make supply-chain"})
    assert step["env"] == {"REQUIRE_AUDIT": "1"}


def test_checks_run_everything_and_measure_the_coverage_in_a_job_of_its_own() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text())["jobs"]
    assert [step["run"] for step in jobs["coverage"]["steps"] if "run" in step] == ["make coverage"]
    everything = re.findall("^make (.+)", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert everything == [".venv/java-programs", "check", "proof", "chaos MINUTES=1", "test"]


def is_of_the_checkout(use: str) -> bool:
    """Tell whether an action is this repository's own, which comes with the commit."""
    return use.startswith("./") and (ROOT / use.split()[0] / "action.yml").is_file()


def test_checks_use_inputs_and_outputs_that_the_action_of_samrun_has() -> None:
    steps = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text())["jobs"]["samrun-action"]["steps"]
    [use] = [step for step in steps if step.get("uses") == "./samrun"]
    action = yaml.safe_load((ROOT / "samrun" / "action.yml").read_text())
    assert use["with"].keys() <= action["inputs"].keys()
    assert (ROOT / use["with"]["working-directory"] / action["inputs"]["template"]["default"]).is_file()
    outputs = re.findall(rf"steps\.{use['id']}\.outputs\.(\w+)", str(steps))
    assert outputs
    assert set(outputs) <= action["outputs"].keys()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_pin_actions_to_a_commit(path: Path) -> None:
    text = path.read_text()
    uses = [use for use in re.findall(r"uses: (.+)", text) if not is_of_the_checkout(use)]
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", use)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_make_targets_that_workflows_run_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    requested = [target for line in re.findall(r"make (.+)", path.read_text()) for target in line.split()]
    assert requested
    assert [
        target for target in requested if not re.search(rf"^(\S+ )*{re.escape(target)}( \S+)*:", makefile, re.MULTILINE)
    ] == []


def test_deployment_compares_the_mapping_of_the_stack_that_it_deployed() -> None:
    deploy = (ROOT / ".github/workflows/deploy.yml").read_text()
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    stacks = {name: config[name]["deploy"]["parameters"]["stack_name"] for name in ("dev", "prod")}
    assert deploy.index("sam deploy") < deploy.index('python -m tools.check_mapping "$STACK"')
    assert f"inputs.environment == 'prod' && '{stacks['prod']}' || '{stacks['dev']}'" in deploy


def test_dependabot_looks_at_every_folder_with_requirements() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    [folders] = [update["directories"] for update in updates if update["package-ecosystem"] == "pip"]
    files = [*ROOT.glob("*.in"), *ROOT.glob("functions/*/*.in"), *ROOT.glob("examples/*/src/*.in")]
    files += ROOT.glob("*/pyproject.toml")
    needed = {f"/{path.parent.relative_to(ROOT)}".removesuffix(".") for path in files}
    assert [folder for folder in sorted(needed) if not any(fnmatchcase(folder, each) for each in folders)] == []
    assert [each for each in folders if not any(fnmatchcase(folder, each) for folder in needed)] == []

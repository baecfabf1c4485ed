"""`make run WITH=…`: which templates and parameters it starts, and what it says of a name that no example has."""

from __future__ import annotations

import subprocess

import pytest

from samrun.testing.templates import load, read_parameters
from tests.project import ROOT
from tests.template.deployment import TEMPLATE, parameters_of
from tools.templates import load_template

EXAMPLES = sorted(path.parent.name for path in ROOT.glob("examples/*/template.yaml"))


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # As if everything is installed: --old-file keeps make from looking at what .venv depends on.
    command = ["make", "--old-file=.venv/installed", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.processes
@pytest.mark.processes
def test_run_with_examples_starts_their_templates_with_the_parameters_for_both() -> None:
    done = make("--dry-run", "run", "WITH=reward shipment")
    assert done.returncode == 0, done.stderr
    assert (
        " template.yaml examples/reward/template.yaml examples/shipment/template.yaml --parameter-overrides "
        "file://examples/reward/with-orders.yaml file://examples/shipment/with-orders.yaml"
    ) in done.stdout


@pytest.mark.processes
@pytest.mark.processes
def test_run_alone_starts_the_order_system_as_its_samconfig_says() -> None:
    done = make("--dry-run", "run")
    assert "samrun up" in done.stdout
    assert "template.yaml" not in done.stdout


@pytest.mark.processes
@pytest.mark.processes
def test_name_that_no_example_has_ends_with_the_names_of_all() -> None:
    done = make("run", "WITH=reward invoice")
    assert done.returncode != 0
    assert f"WITH: no example has the name invoice. There are: {' '.join(EXAMPLES)}." in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", EXAMPLES)
def test_parameters_of_an_example_let_notify_read_the_topic_that_it_writes(name: str) -> None:
    file = f"file://examples/{name}/with-orders.yaml"
    given = dict(read_parameters([file], source=file, folder=ROOT))
    assert given.keys() <= parameters_of(TEMPLATE).keys()
    own = load_template(ROOT / f"examples/{name}/template.yaml")["Parameters"]
    assert given == {parameter: own[parameter]["Default"] for parameter in given}
    assert given


@pytest.mark.parametrize("names", [[], ["reward"], EXAMPLES], ids=["alone", "with reward", "with all"])
def test_samrun_makes_a_mapping_of_each_topic_that_a_parameter_names_and_no_other(names: list[str]) -> None:
    files = ["file://parameters/this-machine.yaml", *(f"file://examples/{name}/with-orders.yaml" for name in names)]
    given = dict(read_parameters(files, source="parameters", folder=ROOT))
    given |= {"KafkaBootstrapServers": "127.0.0.1:9092", "TokenIssuer": "http://127.0.0.1:8025/issuer"}
    application = load(TEMPLATE, parameters=given, region="eu-central-1", aws="http://aws.invalid")
    assert sorted((mapping.topic, mapping.consumer_group) for mapping in application.mappings) == sorted(
        (topic, f"local-notify-{topic}") for topic in ["order-events", *(f"{name}-events" for name in names)]
    )

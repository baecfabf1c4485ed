"""New services, as `samrun new` writes them: complete, the same each time, by the names and samples that it got."""

import base64
import json
import tomllib
from pathlib import Path

import pytest
import yaml

from samrun.cli.command_line import run_command_line
from samrun.cli.parser import parse_arguments
from samrun.scaffold.names import InvalidNameError, event_type, service_name, topic_name
from samrun.scaffold.samples import SampleError, find_samples
from samrun.testing.templates import load
from support.new_services import PARAMETERS, VARIANTS, Variant, generated, written

PAID = {
    "specversion": "1.0",
    "id": "1",
    "source": "/orders",
    "type": "order.paid.v1",
    "subject": "ord_1",
    "data": {"total": "25.00"},
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_service_is_the_same_each_time(variant: Variant, tmp_path: Path) -> None:
    assert generated(*variant, tmp_path) == generated(*variant, tmp_path)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_template_is_run_whole(variant: Variant, tmp_path: Path) -> None:
    kind, name, topic, _ = variant
    folder = written(tmp_path, generated(*variant, tmp_path))
    application = load(
        folder / "template.yaml",
        parameters=PARAMETERS[kind],
        region="us-east-1",
        aws="http://127.0.0.1:4566",
    )
    read, made = [each.topic for each in application.mappings], [each.name for each in application.kafka_topics]
    assert (read, made) == (([topic], []) if kind == "consumer" else ([], [topic]))
    assert application.ignored == ()
    assert name.replace("-", "_") in {path.name for path in (folder / "src").iterdir()}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_lines_are_at_most_120_characters(variant: Variant, tmp_path: Path) -> None:
    _, _, topic, types = variant
    files = generated(*variant, tmp_path)
    code = {path: text for path, text in files.items() if not path.startswith("events/")}
    long = [
        f"{path}: {line}"
        for path, text in code.items()
        for line in text.splitlines()
        if len(line) > 120 and not any(name in line for name in (topic, *types) if len(name) > 50)
    ]
    assert long == []


def test_sample_batch_has_a_record_for_each_type(tmp_path: Path) -> None:
    types = ("order.paid.v1", "order.cancelled.v1")
    (tmp_path / "order.paid.v1.json").write_text(json.dumps(PAID))
    files = generated("consumer", "reviews", "order-events", types, tmp_path)
    event = json.loads(files["events/kafka.json"])
    [records] = event["records"].values()
    values = [json.loads(base64.b64decode(record["value"])) for record in records]
    assert [value["type"] for value in values] == list(types)
    assert values[0] == PAID
    assert json.loads(files["events/order.paid.v1.json"]) == PAID
    assert base64.b64decode(records[0]["key"]) == b"ord_1"
    assert [record["offset"] for record in records] == [0, 1]


def test_declared_fields_are_those_of_its_types(tmp_path: Path) -> None:
    files = generated("consumer", "reviews", "order-events", ("a.v1", "b.v1"), tmp_path)
    declared = yaml.safe_load(files["consumes.yaml"])
    assert declared == {
        "consumer": "reviews",
        "events": {each: ["id", "source", "type", "subject"] for each in ("a.v1", "b.v1")},
    }
    assert "consumes.yaml" not in generated("consumer", "audit", "order-events", (), tmp_path)


def test_settings_of_pytest_name_its_template(tmp_path: Path) -> None:
    files = generated("consumer", "reviews", "order-events", (), tmp_path)
    settings = tomllib.loads(files["pyproject.toml"])["tool"]["pytest"]["ini_options"]
    assert settings["samrun_templates"] in files


def run_new(*arguments: str) -> int:
    return run_command_line(["new", "consumer", *arguments])


def test_command_writes_the_files_that_it_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_new("reviews", "--topic", "order-events", "--type", "order.paid.v1", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    there = sorted(str(path.relative_to("reviews")) for path in Path("reviews").rglob("*") if path.is_file())
    assert listed == {"folder": "reviews", "files": there}
    assert "template.yaml" in there


def test_producer_has_a_type_of_its_own_name(tmp_path: Path) -> None:
    arguments = ["new", "producer", "signups", "--topic", "member-events", "--folder", str(tmp_path)]
    assert run_command_line(arguments) == 0
    assert json.loads((tmp_path / "events/sample.json").read_text())["type"] == "signups.created.v1"


def test_command_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("reviews").mkdir()
    Path("reviews/mine.txt").write_text("mine")
    assert run_new("reviews", "--topic", "order-events") == 1
    assert "reviews has files already, and nothing is overwritten" in capsys.readouterr().err
    assert [path.name for path in Path("reviews").iterdir()] == ["mine.txt"]
    Path("reviews/mine.txt").unlink()
    assert run_new("reviews", "--topic", "order-events") == 0


def test_folder_that_cannot_be_written_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run_new("reviews", "--topic", "order-events", "--folder", str(tmp_path / "file" / "reviews")) == 1
    assert "cannot be written: Not a directory. Name another one with --folder." in capsys.readouterr().err


def test_command_uses_the_samples_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("events").mkdir()
    Path("events/order.paid.v1.json").write_text(json.dumps(PAID))
    Path("other.json").write_text(json.dumps({**PAID, "type": "order.sent.v1"}))
    assert run_new("reviews", "--topic", "order-events", "--type", "order.paid.v1") == 0
    assert json.loads(Path("reviews/events/order.paid.v1.json").read_text()) == PAID
    assert run_new("parcels", "--topic", "order-events", "--sample", "other.json") == 0
    assert '"order.sent.v1"' in Path("parcels/src/parcels/events.py").read_text()
    assert run_new("audit", "--topic", "order-events") == 0
    assert "TYPES" not in Path("audit/src/audit/events.py").read_text()


@pytest.mark.parametrize("name", ["", "Reviews", "1st", "order_reviews", "a--b", "-a", "a-", "é", "../a", "a" * 33])
def test_name_that_becomes_no_code_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError, match="such as order-reviews"):
        service_name(name)


@pytest.mark.parametrize("name", ["json", "boto3", "class", "pydantic", "kafka"])
def test_name_that_would_hide_a_package_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError, match=f"such as {name}-service"):
        service_name(name)


@pytest.mark.parametrize("topic", ["", "..", "a b", "a/b", "ü", "a" * 250, 'x"'])
def test_topic_that_kafka_refuses_is_refused(topic: str) -> None:
    with pytest.raises(InvalidNameError, match="cannot be a topic of Kafka"):
        topic_name(topic)


@pytest.mark.parametrize("text", ["", "a b", "../a", 'x"', "a" * 101, "{{x}}", "order.paid.v1\n"])
def test_type_that_becomes_no_code_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError, match="cannot be a type of events here"):
        event_type(text)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no JSON", "cannot be read as JSON"),
        ("[]", "it lacks the text id, source, type, subject"),
        (json.dumps({**PAID, "subject": 7, "id": ""}), "it lacks the text id, subject"),
        (json.dumps({**PAID, "type": "a b"}), "cannot be a type of events here"),
        (json.dumps({**PAID, "type": "other.v1"}), "No --type names the type of a --sample: other.v1"),
    ],
)
def test_sample_that_is_of_no_use_is_refused(content: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "sample.json").write_text(content)
    with pytest.raises(SampleError, match=reason):
        find_samples(["order.paid.v1"], [tmp_path / "sample.json"], contract=tmp_path)


def test_sample_of_another_type_under_the_name_of_a_type_is_refused(tmp_path: Path) -> None:
    (tmp_path / "order.sent.v1.json").write_text(json.dumps(PAID))
    with pytest.raises(SampleError, match=r"is a sample of order\.paid\.v1, not of order\.sent\.v1"):
        find_samples(["order.sent.v1"], [], contract=tmp_path)


def test_sample_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match=r"missing\.json, a sample event, cannot be read"):
        find_samples([], [tmp_path / "missing.json"], contract=tmp_path)


def test_help_shows_the_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(["new", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "write a function that a Kafka topic triggers" in shown
    assert "write an HTTP API that publishes events to a Kafka topic" in shown

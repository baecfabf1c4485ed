"""Sample records from an application's sample events."""

import base64
import json
from pathlib import Path

import pytest

from samrun.console.kafka.sample_records import SampleRecord, sample_records
from samrun.console.shell.sample_files import SampleFiles


@pytest.fixture
def events(tmp_path: Path) -> Path:
    (tmp_path / "events" / "kafka").mkdir(parents=True)
    return tmp_path / "events"


def records(events: Path) -> list[SampleRecord]:
    return sample_records(SampleFiles([events.parent / "template.yaml"]))


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def test_each_record_of_a_trigger_is_a_sample(events: Path) -> None:
    record = {
        "offset": 7,
        "key": encoded(b"ord_1"),
        "value": encoded(b'{"a": 1}'),
        "headers": [{"type": [97, -61, -92]}],
    }
    event = {"eventSource": "aws:kafka", "records": {"orders-0": [record, {"offset": 8, "value": encoded(b"\xff")}]}}
    (events / "kafka" / "msk.json").write_text(json.dumps(event))
    first, second = records(events)
    assert (first.name, second.name) == ("kafka/msk.json · orders-0@7", "kafka/msk.json · orders-0@8")
    assert (first.draft.key, first.draft.value, first.draft.headers) == ("ord_1", '{"a": 1}', "type: aä")
    assert (second.draft.value, second.draft.is_base64) == (encoded(b"\xff"), True)


def test_other_json_is_a_value_and_a_cloudevent_has_its_key(events: Path) -> None:
    event = {"specversion": "1.0", "id": "1", "type": "paid", "source": "/", "subject": "ord_1"}
    (events / "paid.json").write_text(json.dumps(event))
    (events / "plain.json").write_text("[1, 2]")
    (events / "paid.schema.json").write_text('{"$schema": "x"}')
    (events / "broken.json").write_text("{")
    paid, plain = records(events)
    assert (paid.draft.key, json.loads(paid.draft.value)) == ("ord_1", event)
    assert paid.draft.headers.startswith("content-type: application/cloudevents+json")
    assert (plain.name, plain.draft.key, plain.draft.value) == ("plain.json", "", "[1, 2]")


@pytest.mark.parametrize(
    "content",
    [{"records": {"a": 1, "b": [1, {"key": 7, "value": "?", "headers": [1, {"a": "x"}]}]}}, {"records": []}, 7],
)
def test_file_of_any_form_breaks_nothing(events: Path, content: object) -> None:
    (events / "odd.json").write_text(json.dumps(content))
    assert all(each.name.startswith("odd.json") for each in records(events))


def test_application_without_samples_has_none(tmp_path: Path) -> None:
    assert sample_records(SampleFiles([tmp_path / "template.yaml"])) == []

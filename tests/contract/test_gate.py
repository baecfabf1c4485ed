"""The gate, `python -m tools.contract`, on copies of this repository's contract: what it refuses, and what it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.project import ROOT
from tools.contract.__main__ import main
from tools.contract.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

NEXT_VERSION = Path(__file__).parent / "next_version"
PAID = "events/order.paid.v1.schema.json"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what the gate reads."""
    for events in (ROOT / "events", *ROOT.glob("examples/*/events")):
        shutil.copytree(events, tmp_path / events.relative_to(ROOT))
    for path in (*ROOT.glob("functions/*/consumes.yaml"), *ROOT.glob("examples/*/consumes.yaml")):
        copied = tmp_path / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
    return tmp_path


@pytest.fixture
def change(repository: Path) -> Callable[[Callable[[Any], object]], None]:
    """Changes the schema of order.paid.v1 in the copy."""

    def rewrite(edit: Callable[[Any], object]) -> None:
        schema = json.loads((repository / PAID).read_text("utf-8"))
        edit(schema)
        (repository / PAID).write_text(json.dumps(schema), "utf-8")

    return rewrite


def refusal(repository: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["--root", str(repository)]) == 1
    return capsys.readouterr().err


def test_gate_passes_the_contract_as_it_is() -> None:
    assert main([]) == 0


def test_gate_reads_a_consumer_in_a_folder_of_its_own(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "reviews").mkdir()
    (repository / "reviews/consumes.yaml").write_text(
        "consumer: reviews\nevents: {order.paid.v1: [data.stars]}\n", "utf-8"
    )
    message = refusal(repository, capsys)
    assert "data.stars: field-with-consumer" in message
    assert "reviews" in message


def test_gate_names_the_rule_the_field_its_consumer_and_what_to_do(
    repository: Path, change: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    change(lambda schema: schema["properties"]["data"]["properties"].pop("total"))
    message = refusal(repository, capsys)
    assert f"{PAID}, data.total: field-removed" in message
    assert "; it is read by plain (examples/plain/consumes.yaml), reward (examples/reward/consumes.yaml), " in message
    assert "notify (functions/notify/consumes.yaml)" in message
    assert "It breaks readers of new events" in message
    assert "describe the change in a new one beside it, order.paid.v2" in message
    assert f"{PAID}, data.total: field-with-consumer" in message


def test_gate_names_the_consumers_of_the_parts_of_a_field(
    repository: Path, change: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    change(lambda schema: schema["properties"]["data"]["properties"].pop("items"))
    message = refusal(repository, capsys)
    assert f"{PAID}, data.items: field-removed" in message
    assert "notify (functions/notify/consumes.yaml)" in message
    assert f"{PAID}, data.items[].quantity: field-with-consumer" in message


def test_gate_names_a_field_that_stored_events_lack(
    repository: Path, change: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    change(lambda schema: schema["properties"]["data"]["required"].append("order_number"))
    message = refusal(repository, capsys)
    assert f"{PAID}, data.order_number: field-now-required" in message
    assert "It breaks readers of stored events" in message


def test_gate_refuses_that_a_published_event_goes(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / PAID).unlink()
    message = refusal(repository, capsys)
    assert f"{PAID}: event-removed" in message
    assert f"{PAID}: event-with-consumer" in message


def test_gate_passes_a_new_optional_field_and_holds_it_once_it_is_published(
    repository: Path, change: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    change(lambda schema: schema["properties"]["data"]["properties"].update(coupon={"type": "string"}))
    assert main(["--root", str(repository)]) == 0
    assert main(["--root", str(repository), "--publish"]) == 0
    change(lambda schema: schema["properties"]["data"]["properties"].pop("coupon"))
    assert f"{PAID}, data.coupon: field-removed" in refusal(repository, capsys)


@pytest.fixture(params=["examples/gift", "gift"])
def example(repository: Path, request: pytest.FixtureRequest) -> Path:
    """The folder of another service's contract: one event, published, which a consumer reads."""
    folder: Path = repository / request.param / "events"
    folder.mkdir(parents=True)
    data = {"type": "object", "properties": {"points": {"type": "integer"}}, "required": ["points"]}
    schema = {"type": "object", "properties": {"data": data}}
    (folder / "gift.given.v1.schema.json").write_text(json.dumps(schema), "utf-8")
    reads = "consumer: ledger\nevents:\n  gift.given.v1: [data, data.points]\n"
    (repository / "functions/ledger").mkdir()
    (repository / "functions/ledger/consumes.yaml").write_text(reads, "utf-8")
    assert main(["--root", str(repository), "--publish"]) == 0
    return folder


def test_gate_holds_the_schemas_of_an_example_to_the_same_rules(
    repository: Path, example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(repository)]) == 0
    schema = example / "gift.given.v1.schema.json"
    schema.write_text(schema.read_text("utf-8").replace("points", "stars"), "utf-8")
    message = refusal(repository, capsys)
    file = schema.relative_to(repository)
    assert f"{file}, data.points: field-removed" in message
    assert "it is read by ledger (functions/ledger/consumes.yaml)" in message
    assert "in a new one beside it, gift.given.v2" in message
    assert f"{file}, data.points: field-with-consumer" in message
    assert "\nevents/" not in f"\n{message}"


def test_gate_refuses_two_events_with_one_id(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reward = repository / "examples/reward/events/reward.granted.v1.json"
    paid = json.loads((repository / "events/order.paid.v1.json").read_text("utf-8"))
    reward.write_text(json.dumps({**json.loads(reward.read_text("utf-8")), "id": paid["id"]}), "utf-8")
    message = refusal(repository, capsys)
    files = "events/order.paid.v1.json and examples/reward/events/reward.granted.v1.json"
    assert f"{files} have one id, {paid['id']}" in message
    assert "derive each id from the name of the service and of the event" in message


def test_gate_refuses_two_versions_of_one_event_with_two_ids(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("order.paid.v2.schema.json", "order.paid.v2.json"):
        shutil.copy(NEXT_VERSION / name, repository / "events")
    assert main(["--root", str(repository)]) == 0
    second = repository / "events/order.paid.v2.json"
    second.write_text(json.dumps({**json.loads(second.read_text("utf-8")), "id": "another"}), "utf-8")
    message = refusal(repository, capsys)
    assert "events/order.paid.v1.json and events/order.paid.v2.json have two ids" in message
    assert "give each version the id of the first one" in message


def test_gate_refuses_that_the_only_event_of_a_service_goes(
    repository: Path, example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = example / "gift.given.v1.schema.json"
    schema.unlink()
    assert f"{schema.relative_to(repository)}: event-removed" in refusal(repository, capsys)


def test_gate_refuses_an_event_with_two_producers(
    repository: Path, example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = shutil.copyfile(repository / PAID, example / Path(PAID).name)
    message = refusal(repository, capsys)
    assert f"{PAID} and {second.relative_to(repository)} describe one event. An event has one producer" in message


def test_gate_publishes_nothing_while_something_is_wrong(
    repository: Path, change: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    change(lambda schema: schema["properties"]["data"]["properties"].pop("total"))
    assert main(["--root", str(repository), "--publish"]) == 1
    assert "field-removed" in refusal(repository, capsys)


def test_gate_passes_a_new_version_beside_the_old_one_and_refuses_the_same_change_in_place(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(NEXT_VERSION / "order.paid.v2.schema.json", repository / "events")
    assert main(["--root", str(repository)]) == 0
    shutil.copyfile(NEXT_VERSION / "order.paid.v2.schema.json", repository / PAID)
    message = refusal(repository, capsys)
    for title in ("type-changed", "field-removed", "field-now-required", "value-added"):
        assert f": {title}\n" in message


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("functions/notify/consumes.yaml", "events: []", "is no declaration of a consumer"),
        (PAID, "{", "order.paid.v1.schema.json: "),
        ("events/order.paid.v1.json", "{", "order.paid.v1.json is not JSON"),
        ("events/order.paid.v1.json", "[]", "order.paid.v1.json is no event: it has no id"),
        (PAID, '{"$ref": "other.json"}', "is no reference to the schema's own"),
    ],
)
def test_gate_names_a_file_that_it_cannot_read(
    repository: Path, capsys: pytest.CaptureFixture[str], file: str, content: str, message: str
) -> None:
    (repository / file).write_text(content, "utf-8")
    assert message in refusal(repository, capsys)


def test_table_of_the_rules_in_the_readme_is_that_of_the_code() -> None:
    readme = (ROOT / "events/README.md").read_text("utf-8")
    for rule in Rule:
        assert f"| `{rule.title}` | {rule.change} | {rule.breaks} |" in readme

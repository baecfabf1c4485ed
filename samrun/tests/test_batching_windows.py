"""Batching windows that an option shortens, for every kind of event source mapping that has one."""

from pathlib import Path

from samrun.batching_windows import with_short_windows
from samrun.lambda_api.mapping_requests import MappingRequests
from samrun.template.model.application import Application
from support.templates import load_template

KAFKA = "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2"


def application(folder: Path, *, window: int) -> Application:
    """Return an application whose mappings all have this window, but for one that has the default."""
    (folder / "src").mkdir()
    (folder / "src" / "main.py").write_text("def handler(event, context): ...\n")
    return load_template(
        folder,
        f"""
  Stream: {{Type: AWS::Kinesis::Stream, Properties: {{ShardCount: 1}}}}
  Queue: {{Type: AWS::SQS::Queue}}
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: src
      Handler: main.handler
      Events:
        Records:
          Type: MSK
          Properties:
            {{Stream: {KAFKA}, Topics: [orders], StartingPosition: LATEST, MaximumBatchingWindowInSeconds: {window}}}
        AtOnce: {{Type: MSK, Properties: {{Stream: {KAFKA}, Topics: [payments], StartingPosition: LATEST}}}}
        Messages: {{Type: SQS, Properties: {{Queue: !GetAtt Queue.Arn, MaximumBatchingWindowInSeconds: {window}}}}}
        Changes:
          Type: Kinesis
          Properties:
            {{Stream: !GetAtt Stream.Arn, StartingPosition: LATEST, MaximumBatchingWindowInSeconds: {window}}}
""",
    )


def windows(application: Application) -> dict[str, float]:
    """Return the window of each mapping, by the end of its logical id."""
    found = {each.logical_id: each.window for each in application.mappings}
    found |= {each.logical_id: each.window for each in application.queue_triggers}
    found |= {each.logical_id: each.window for each in application.stream_triggers}
    return {logical_id.removeprefix("Reader"): window for logical_id, window in found.items()}


def test_windows_above_the_option_are_shortened_and_others_stay(tmp_path: Path) -> None:
    read = application(tmp_path, window=300)
    assert windows(read) == {"Records": 300, "AtOnce": 0.5, "Messages": 300, "Changes": 300}
    assert windows(with_short_windows(read, 1)) == {"Records": 1, "AtOnce": 0.5, "Messages": 1, "Changes": 1}
    assert windows(with_short_windows(read, 0)) == {"Records": 0, "AtOnce": 0, "Messages": 0, "Changes": 0}


def test_application_stays_as_it_is_without_the_option(tmp_path: Path) -> None:
    read = application(tmp_path, window=300)
    assert with_short_windows(read, None) is read


def test_lambda_s_api_shows_the_short_window_and_keeps_it_at_a_change_of_something_else(tmp_path: Path) -> None:
    mappings = with_short_windows(application(tmp_path, window=300), 1).mappings
    [mapping] = [each for each in mappings if each.topic == "orders"]
    assert mapping.properties["MaximumBatchingWindowInSeconds"] == 1
    requests = MappingRequests(functions=None, region="us-east-1")
    changed = requests.updated(mapping, {"BatchSize": 7})
    assert (changed.batch_size, changed.window) == (7, 1)
    assert requests.updated(mapping, {"MaximumBatchingWindowInSeconds": 20}).window == 20

"""Event source mappings by Lambda's API: answers in botocore's shapes, refusals in AWS's terms, and states."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samrun.lambda_api.api_shapes import shape_of
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.triggers import QueueTrigger, StreamTrigger
from support.lambda_caller import RefusalError
from support.mapping_api import MappingApi, mapping_api
from support.templates import load_template

CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2"
QUEUE = QueueTrigger(
    logical_id="Jobs",
    function="worker",
    queue_arn="arn:aws:sqs:us-east-1:123456789012:jobs",
    batch_size=10,
    window=0,
    report_batch_item_failures=False,
    properties={"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:jobs", "FunctionName": "worker"},
)
STREAM = StreamTrigger(
    logical_id="Changes",
    function="worker",
    function_arn="arn:aws:lambda:us-east-1:123456789012:function:worker",
    service="kinesis",
    stream_arn="arn:aws:kinesis:us-east-1:123456789012:stream/s",
    name="s",
    batch_size=100,
    window=0,
    starting_position="LATEST",
    properties={
        "EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
        "FunctionName": "worker",
        "StartingPosition": "LATEST",
    },
)
MSK = {
    "FunctionName": "reader",
    "EventSourceArn": CLUSTER,
    "Topics": ["orders"],
    "StartingPosition": "TRIM_HORIZON",
}
SELF_MANAGED = {
    "FunctionName": "reader",
    "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["a:9092", "b:9092"]}},
    "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:1:secret:s"}],
    "Topics": ["orders"],
}
PROVISIONED = {"ProvisionedPollerConfig": {"MinimumPollers": 1, "MaximumPollers": 5}}
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:dead"


def run(scenario: Callable[[MappingApi], Awaitable[Any]], *triggers: Any, **options: Any) -> Any:
    """Return the result of a scenario with the API."""

    async def with_api() -> Any:
        async with mapping_api(*triggers, **options) as api:
            return await scenario(api)

    return asyncio.run(with_api())


def refusal(operation: str, *triggers: Any, **parameters: Any) -> RefusalError:
    """Return the refusal of a call."""

    async def scenario(api: MappingApi) -> RefusalError:
        with pytest.raises(RefusalError) as caught:
            await api.call(operation, **parameters)
        return caught.value

    found: RefusalError = run(scenario, *triggers)
    return found


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "Enabled": st.booleans(),
        "BatchSize": st.integers(1, 10_000),
        "MaximumBatchingWindowInSeconds": st.integers(0, 300),
        "FilterCriteria": st.sampled_from([{}, {"Filters": []}, {"Filters": [{"Pattern": '{"value": ["a"]}'}]}]),
        "DestinationConfig": st.sampled_from([{}, {"OnFailure": {}}, {"OnFailure": {"Destination": QUEUE_ARN}}]),
        "MaximumRecordAgeInSeconds": st.sampled_from([-1, 60, 604_800]),
        "MaximumRetryAttempts": st.sampled_from([-1, 0, 10_000]),
        "BisectBatchOnFunctionError": st.booleans(),
        "FunctionResponseTypes": st.sampled_from([[], ["ReportBatchItemFailures"]]),
        "KMSKeyArn": st.just("arn:aws:kms:us-east-1:123456789012:key/k"),
        "MetricsConfig": st.just({"Metrics": ["EventCount"]}),
        "LoggingConfig": st.just({"SystemLogLevel": "INFO"}),
    },
)


@settings(max_examples=min(40, settings().max_examples))
@given(source=st.sampled_from([MSK, SELF_MANAGED]), options=OPTIONS, changes=OPTIONS)
def test_answers_have_botocore_s_shapes_and_what_was_asked_for(
    source: dict[str, Any], options: dict[str, Any], changes: dict[str, Any]
) -> None:
    async def scenario(api: MappingApi) -> None:
        asked = {**source, **PROVISIONED, **options}
        made = await api.call("CreateEventSourceMapping", **asked)
        assert made["State"] == "Creating"
        await api.registry.settled()
        changed = await api.call("UpdateEventSourceMapping", UUID=made["UUID"], **changes)
        was, is_enabled = options.get("Enabled", True), changes.get("Enabled", options.get("Enabled", True))
        assert changed["State"] == ("Updating" if was == is_enabled else "Enabling" if is_enabled else "Disabling")
        await api.registry.settled()
        found = await api.call("GetEventSourceMapping", UUID=made["UUID"])
        wanted = {**asked, **changes, "State": "Enabled" if is_enabled else "Disabled"}
        assert {name: found.get(name) for name in wanted.keys() - {"FunctionName", "Enabled"}} == {
            name: value for name, value in wanted.items() if name not in {"FunctionName", "Enabled"}
        }
        listed = await api.call("ListEventSourceMappings", FunctionName="reader")
        assert listed["EventSourceMappings"] == [found]
        assert len(api.started) == options.get("Enabled", True) + is_enabled

    run(scenario)


def test_mappings_of_queues_and_streams_have_botocore_s_shapes() -> None:
    async def scenario(api: MappingApi) -> list[Any]:
        api.results[1]("OK")
        return list((await api.call("ListEventSourceMappings"))["EventSourceMappings"])

    queue, stream = run(scenario, QUEUE, STREAM)
    assert queue["EventSourceArn"] == QUEUE.queue_arn
    assert queue["FunctionArn"] == stream["FunctionArn"] == STREAM.function_arn
    assert (queue["State"], queue["StateTransitionReason"]) == ("Enabled", "USER_INITIATED")
    assert "LastProcessingResult" not in queue
    assert (stream["StateTransitionReason"], stream["LastProcessingResult"]) == ("User action", "OK")
    assert stream["StartingPosition"] == "LATEST"


def test_mapping_of_a_template_has_what_the_template_says(tmp_path: Any) -> None:
    resources = f"""
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: reader
      Runtime: python3.13
      CodeUri: src
      Handler: main.handler
      Events:
        Orders:
          Type: MSK
          Properties:
            Stream: {CLUSTER}
            Topics: [orders]
            StartingPosition: AT_TIMESTAMP
            StartingPositionTimestamp: 1700000000
            KmsKeyArn: arn:aws:kms:us-east-1:123456789012:key/k
            BatchSize: !Ref Size
            ProvisionedPollerConfig: {{MinimumPollers: !Ref Size}}
            BisectBatchOnFunctionError: true
            FilterCriteria: {{Filters: [{{Pattern: '{{"value": ["a"]}}'}}]}}
        Elsewhere:
          Type: SelfManagedKafka
          Properties:
            KafkaBootstrapServers: ['a:9092', 'b:9092']
            Topics: [others]
            SourceAccessConfigurations: [{{Type: BASIC_AUTH, URI: 'arn:aws:secretsmanager:us-east-1:1:secret:s'}}]
"""
    rest = "Parameters: {Size: {Type: Number, Default: 7}}"
    application = load_template(tmp_path, resources, rest=rest)

    async def scenario(api: MappingApi) -> dict[str, Any]:
        found = (await api.call("ListEventSourceMappings"))["EventSourceMappings"]
        return {each["Topics"][0]: each for each in found}

    by_topic = run(scenario, *application.mappings)
    orders, others = by_topic["orders"], by_topic["others"]
    assert (orders["BatchSize"], orders["ProvisionedPollerConfig"]) == (7, {"MinimumPollers": 7})
    assert orders["StartingPositionTimestamp"].timestamp() == 1700000000
    assert orders["KMSKeyArn"] == "arn:aws:kms:us-east-1:123456789012:key/k"
    assert orders["BisectBatchOnFunctionError"] is True
    assert orders["AmazonManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": "local-FnOrders"}
    assert others["SelfManagedEventSource"] == {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["a:9092", "b:9092"]}}
    assert others["SelfManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": "local-FnElsewhere"}


@pytest.mark.parametrize(
    ("changes", "status", "code", "text"),
    [
        ({"BatchSize": 20_000}, 400, "InvalidParameterValueException", "BatchSize is 20000: AWS takes 1 to 10000"),
        ({"Topics": ["a topic"]}, 400, "InvalidParameterValueException", "Topics[0] is 'a topic'"),
        ({"Topics": ["a", "b"]}, 400, "InvalidParameterValueException", "Topics has 2 entries: AWS takes 1"),
        ({"StartingPosition": "EARLIEST"}, 400, "InvalidParameterValueException", "StartingPosition is EARLIEST"),
        ({"BisectBatchOnFunctionError": True}, 400, "InvalidParameterValueException", "only provisioned mode"),
        ({"ParallelizationFactor": 2}, 400, "InvalidParameterValueException", "ParallelizationFactor is not for this"),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": "{"}]}},
            400,
            "InvalidParameterValueException",
            "AWS refuses a filter of FilterCriteria",
        ),
        ({"EventSourceArn": QUEUE_ARN}, 400, "InvalidParameterValueException", "The event source is a SQS queue"),
        ({"FunctionName": "nobody"}, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:"),
        ({"FunctionName": "reader:nobody"}, 404, "ResourceNotFoundException", "Cannot find alias arn"),
    ],
)
def test_creation_is_refused_in_the_terms_of_aws(changes: dict[str, Any], status: int, code: str, text: str) -> None:
    refused = refusal("CreateEventSourceMapping", **{**MSK, **changes})
    assert (refused.status, refused.code) == (status, code)
    assert text in str(refused)


def test_mapping_starts_at_a_time() -> None:
    async def scenario(api: MappingApi) -> tuple[Any, Any]:
        at = datetime(2026, 11, 30, 9, tzinfo=UTC)
        asked = {**MSK, "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": at}
        uuid = await api.create(**asked)
        found = await api.call("GetEventSourceMapping", UUID=uuid)
        return found["StartingPositionTimestamp"], api.started[0]

    at, trigger = run(scenario)
    assert at.timestamp() == trigger.starting_timestamp == 1796029200


def test_mapping_without_a_source_is_refused() -> None:
    refused = refusal("CreateEventSourceMapping", FunctionName="reader")
    assert (refused.code, str(refused)) == ("InvalidParameterValueException", "Unrecognized event source.")


@pytest.mark.parametrize("operation", ["GetEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping"])
def test_mapping_that_does_not_exist_is_not_found(operation: str) -> None:
    refused = refusal(operation, UUID="00000000-0000-0000-0000-000000000000")
    assert (refused.status, refused.code) == (404, "ResourceNotFoundException")


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (MSK, MSK, "already exists. Please update or delete the existing mapping with UUID {uuid}"),
        (SELF_MANAGED, SELF_MANAGED, "already exists. Please update or delete the existing mapping with UUID {uuid}"),
        (
            {**MSK, "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g"}},
            {**SELF_MANAGED, "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g"}},
            "The event source mapping with UUID {uuid} has the consumer group g",
        ),
    ],
)
def test_conflict_names_the_mapping_that_exists(first: dict[str, Any], second: dict[str, Any], text: str) -> None:
    async def scenario(api: MappingApi) -> tuple[str, RefusalError]:
        uuid = await api.create(**first)
        with pytest.raises(RefusalError) as caught:
            await api.call("CreateEventSourceMapping", **second)
        return uuid, caught.value

    uuid, refused = run(scenario)
    assert (refused.status, refused.code) == (409, "ResourceConflictException")
    assert text.format(uuid=uuid) in str(refused)


def test_mappings_that_differ_in_function_topic_or_cluster_do_not_conflict() -> None:
    async def scenario(api: MappingApi) -> int:
        for changes in ({}, {"Topics": ["others"]}, {"FunctionName": "worker"}, {"FunctionName": "reader:live"}):
            await api.create(**{**MSK, **changes})
        await api.create(**{**MSK, "EventSourceArn": f"{CLUSTER}1"})
        await api.create(**SELF_MANAGED)
        return len(api.started)

    assert run(scenario) == 6


@pytest.mark.parametrize(
    ("trigger", "changes", "text"),
    [
        (QUEUE, {"BatchSize": 5}, "a SQS queue, and does not change its BatchSize"),
        (STREAM, {"Enabled": False, "MaximumRetryAttempts": 5}, "does not change its MaximumRetryAttempts"),
    ],
)
def test_what_cannot_be_changed_is_refused_by_name(trigger: Any, changes: dict[str, Any], text: str) -> None:
    async def scenario(api: MappingApi) -> RefusalError:
        [mapping] = api.registry.all()
        with pytest.raises(RefusalError) as caught:
            await api.call("UpdateEventSourceMapping", UUID=mapping.uuid, **changes)
        return caught.value

    refused = run(scenario, trigger)
    assert refused.code == "InvalidParameterValueException"
    assert text in str(refused)


def test_mapping_of_a_queue_is_disabled_and_enabled() -> None:
    async def scenario(api: MappingApi) -> list[str]:
        [mapping] = api.registry.all()
        states = []
        for enabled in (False, True):
            changed = await api.call("UpdateEventSourceMapping", UUID=mapping.uuid, Enabled=enabled)
            await api.registry.settled()
            states += [changed["State"], mapping.state]
        return states

    assert run(scenario, QUEUE) == ["Disabling", "Disabled", "Enabling", "Enabled"]


def test_consumer_group_stays_and_cannot_be_changed() -> None:
    config = "AmazonManagedKafkaEventSourceConfig"

    async def scenario(api: MappingApi) -> tuple[set[str], str]:
        uuid = await api.create(**MSK)
        await api.call("UpdateEventSourceMapping", UUID=uuid, BatchSize=5)
        await api.registry.settled()
        groups = {each.consumer_group for each in api.started if isinstance(each, KafkaMapping)}
        with pytest.raises(RefusalError) as caught:
            await api.call("UpdateEventSourceMapping", UUID=uuid, **{config: {"ConsumerGroupId": "other"}})
        [group] = groups
        await api.call("UpdateEventSourceMapping", UUID=uuid, **{config: {"ConsumerGroupId": group}})
        return groups, str(caught.value)

    groups, refused = run(scenario)
    assert len(groups) == 1
    assert "ConsumerGroupId is other" in refused


def test_function_of_a_mapping_is_changed() -> None:
    async def scenario(api: MappingApi) -> list[Any]:
        uuid = await api.create(**MSK)
        changed = await api.call("UpdateEventSourceMapping", UUID=uuid, FunctionName="reader:live")
        await api.registry.settled()
        with pytest.raises(RefusalError, match="Function not found"):
            await api.call("UpdateEventSourceMapping", UUID=uuid, FunctionName="nobody")
        return [changed["FunctionArn"], api.started[-1]]

    arn, trigger = run(scenario)
    assert arn.endswith(":function:reader:live")
    assert trigger.qualifier == "live"


@pytest.mark.parametrize("operation", ["UpdateEventSourceMapping", "DeleteEventSourceMapping"])
def test_mapping_that_changes_is_in_use(operation: str) -> None:
    async def scenario(api: MappingApi) -> tuple[RefusalError, str, str]:
        uuid = await api.create(**MSK)
        api.ends_at_once = False
        await api.call("UpdateEventSourceMapping", UUID=uuid, Enabled=False)
        ended = await api.ending.get()
        with pytest.raises(RefusalError) as caught:
            await api.call(operation, UUID=uuid)
        before = api.registry.get(uuid).state
        ended.set_result(None)
        await api.registry.settled()
        return caught.value, before, api.registry.get(uuid).state

    refused, before, after = run(scenario)
    assert (refused.status, refused.code) == (400, "ResourceInUseException")
    assert (before, after) == ("Disabling", "Disabled")


def test_deleted_mapping_is_deleting_until_its_poller_has_ended() -> None:
    async def scenario(api: MappingApi) -> list[str]:
        uuid = await api.create(**MSK)
        api.ends_at_once = False
        states = [(await api.call("DeleteEventSourceMapping", UUID=uuid))["State"]]
        ended = await api.ending.get()
        states.append((await api.call("GetEventSourceMapping", UUID=uuid))["State"])
        ended.set_result(None)
        await api.registry.settled()
        return states + [each["UUID"] for each in (await api.call("ListEventSourceMappings"))["EventSourceMappings"]]

    assert run(scenario) == ["Deleting", "Deleting"]


def test_stack_that_ends_while_a_mapping_changes_starts_no_further_poller() -> None:
    async def scenario(api: MappingApi) -> int:
        uuid = await api.create(**MSK)
        api.ends_at_once = False
        await api.call("UpdateEventSourceMapping", UUID=uuid, BatchSize=5)
        await api.ending.get()
        await api.end()
        return len(api.started)

    assert run(scenario) == 1


@pytest.mark.parametrize(
    ("name", "topics"),
    [
        ("reader", ["aa", "bb"]),
        ("arn:aws:lambda:us-east-1:123456789012:function:reader", ["aa", "bb"]),
        ("123456789012:function:reader", ["aa", "bb"]),
        ("reader:live", ["bb"]),
        ("worker", ["cc"]),
    ],
)
def test_list_has_the_mappings_of_a_function(name: str, topics: list[str]) -> None:
    async def scenario(api: MappingApi) -> list[str]:
        for function, topic in (("reader", "aa"), ("reader:live", "bb"), ("worker", "cc")):
            await api.create(**{**MSK, "FunctionName": function, "Topics": [topic]})
        found = await api.call("ListEventSourceMappings", FunctionName=name)
        return [each["Topics"][0] for each in found["EventSourceMappings"]]

    assert run(scenario) == topics


def test_list_has_the_mappings_of_a_source() -> None:
    async def scenario(api: MappingApi) -> list[str]:
        await api.create(**MSK)
        await api.create(**{**MSK, "EventSourceArn": f"{CLUSTER}1"})
        found = await api.call("ListEventSourceMappings", EventSourceArn=CLUSTER)
        return [each["EventSourceArn"] for each in found["EventSourceMappings"]]

    assert run(scenario, QUEUE) == [CLUSTER]


def test_list_of_an_unknown_function_is_not_found() -> None:
    assert refusal("ListEventSourceMappings", FunctionName="nobody").code == "ResourceNotFoundException"


def test_pages_have_every_mapping_once_though_one_is_deleted_meanwhile() -> None:
    async def scenario(api: MappingApi) -> list[str]:
        uuids = [await api.create(**{**MSK, "Topics": [f"topic-{number}"]}) for number in range(5)]
        first = await api.call("ListEventSourceMappings", MaxItems=2)
        await api.call("DeleteEventSourceMapping", UUID=uuids[1])
        await api.registry.settled()
        second = await api.call("ListEventSourceMappings", MaxItems=2, Marker=first["NextMarker"])
        third = await api.call("ListEventSourceMappings", MaxItems=2, Marker=second["NextMarker"])
        assert "NextMarker" not in third
        pages = [first, second, third]
        return [each["Topics"][0] for page in pages for each in page["EventSourceMappings"]]

    assert run(scenario) == [f"topic-{number}" for number in range(5)]


@pytest.mark.parametrize("count", ["0", "10001", "many"])
def test_size_of_a_page_has_its_limits(count: str) -> None:
    async def scenario(api: MappingApi) -> Any:
        return await api.client.get("/2015-03-31/event-source-mappings", params={"MaxItems": count})

    response = run(scenario)
    assert response.status_code == 400
    assert response.headers["x-amzn-errortype"] == "ValidationException"
    assert f"Value '{count}' at 'maxItems'" in response.json()["Message"]


def test_page_has_at_most_a_hundred_mappings() -> None:
    async def scenario(api: MappingApi) -> list[int]:
        for number in range(101):
            await api.create(**{**MSK, "Topics": [f"topic-{number}"]})
        first = await api.call("ListEventSourceMappings", MaxItems=10_000)
        rest = await api.call("ListEventSourceMappings", Marker=first["NextMarker"])
        return [len(first["EventSourceMappings"]), len(rest["EventSourceMappings"])]

    assert run(scenario) == [100, 1]


def test_functions_that_nobody_here_knows_are_not_looked_for() -> None:
    async def scenario(api: MappingApi) -> Any:
        await api.create(**{**MSK, "FunctionName": "elsewhere"})
        return (await api.call("ListEventSourceMappings", FunctionName="elsewhere"))["EventSourceMappings"]

    [found] = run(scenario, functions=None)
    assert found["FunctionArn"] == "arn:aws:lambda:us-east-1:123456789012:function:elsewhere"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**9) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["Filters", "Pattern", "OnFailure", "Endpoints", "Type", "x"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)


@settings(max_examples=settings().max_examples * 3 // 2)
@given(
    changes=st.dictionaries(st.sampled_from(sorted(shape_of("CreateEventSourceMappingRequest").members)), JSON),
    updates=st.dictionaries(st.sampled_from(sorted(shape_of("UpdateEventSourceMappingRequest").members)), JSON),
)
def test_any_request_is_answered(changes: dict[str, Any], updates: dict[str, Any]) -> None:
    async def scenario(api: MappingApi) -> list[int]:
        path = "/2015-03-31/event-source-mappings"
        uuid = await api.create(**SELF_MANAGED)
        answers = [await api.client.post(path, content=json.dumps({**MSK, **changes}))]
        answers.append(await api.client.put(f"{path}/{uuid}", content=json.dumps(updates)))
        await api.registry.settled()
        answers.append(await api.client.get(path))
        return [each.status_code for each in answers]

    created, updated, listed = run(scenario)
    assert created in {202, 400, 404, 409}
    assert updated in {202, 400, 404}
    assert listed == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b" " * 300_000])
def test_body_that_is_no_object_is_refused(body: bytes) -> None:
    async def scenario(api: MappingApi) -> Any:
        return await api.client.post("/2015-03-31/event-source-mappings", content=body)

    response = run(scenario)
    assert response.status_code == 400
    assert response.headers["x-amzn-errortype"] == "InvalidRequestContentException"


def test_unknown_operation_is_named() -> None:
    async def scenario(api: MappingApi) -> Any:
        return await api.client.get("/2015-03-31/layers")

    response = run(scenario)
    assert response.status_code == 404
    assert "samrun has no GET /2015-03-31/layers" in response.json()["Message"]

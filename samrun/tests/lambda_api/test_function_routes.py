"""Functions by Lambda's API: their configurations in botocore's shapes, pages, versions and aliases."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samrun.functions.invocation_request import FunctionNames
from samrun.lambda_api.function_routes import function_routes
from samrun.lambda_api.lambda_app import lambda_app
from samrun.template.model.functions import AsynchronousInvocation, Function
from support.lambda_caller import LambdaCaller, RefusalError
from support.python_function import create_function

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Fn"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"


@pytest.fixture
def function(tmp_path: Path) -> Function:
    return replace(
        create_function(tmp_path),
        qualifiers=frozenset({"live", "1"}),
        concurrency=3,
        environment={"NAME": "value"},
        asynchronous=AsynchronousInvocation(dead_letter_queue=QUEUE),
    )


def run(functions: list[Function], scenario: Callable[[LambdaCaller], Awaitable[Any]]) -> Any:
    """Return the result of a scenario with the API of these functions."""
    names = FunctionNames(qualifiers={each.name: each.qualifiers for each in functions}, region="us-east-1")

    async def with_api() -> Any:
        return await scenario(LambdaCaller(lambda_app(function_routes(functions, names))))

    return asyncio.run(with_api())


def test_function_is_described_with_what_its_template_says(function: Function) -> None:
    found = run([function], lambda api: api.call("GetFunction", FunctionName="Fn"))
    configuration = found["Configuration"]
    assert found["Code"] == {"Location": function.code.as_uri()}
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    assert configuration["LastModified"].endswith("+0000")
    assert {name: value for name, value in configuration.items() if name != "LastModified"} == {
        "FunctionName": "Fn",
        "FunctionArn": ARN,
        "Runtime": "python3.13",
        "Handler": "main.echo",
        "Timeout": 5,
        "MemorySize": 256,
        "Version": "$LATEST",
        "Environment": {"Variables": {"NAME": "value"}},
        "PackageType": "Zip",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "DeadLetterConfig": {"TargetArn": QUEUE},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/Fn"},
    }


def test_container_image_has_no_runtime_and_no_code(function: Function) -> None:
    image = replace(function, runtime=None, handler="", concurrency=None)
    found = run([image], lambda api: api.call("GetFunction", FunctionName="Fn"))
    assert found["Configuration"]["PackageType"] == "Image"
    assert found["Configuration"].keys().isdisjoint({"Runtime", "Handler"})
    assert (found["Code"], "Concurrency" in found) == ({}, False)


@pytest.mark.parametrize(
    ("parameters", "arn", "version"),
    [
        ({"FunctionName": "Fn"}, ARN, "$LATEST"),
        ({"FunctionName": ARN}, ARN, "$LATEST"),
        ({"FunctionName": "Fn", "Qualifier": "live"}, f"{ARN}:live", "1"),
        ({"FunctionName": f"{ARN}:1"}, f"{ARN}:1", "1"),
        ({"FunctionName": "Fn", "Qualifier": "$LATEST"}, f"{ARN}:$LATEST", "$LATEST"),
    ],
)
def test_configuration_is_that_of_a_version_or_an_alias(
    function: Function, parameters: dict[str, str], arn: str, version: str
) -> None:
    found = run([function], lambda api: api.call("GetFunctionConfiguration", **parameters))
    assert (found["FunctionArn"], found["Version"]) == (arn, version)


@pytest.mark.parametrize("operation", ["GetFunction", "GetFunctionConfiguration"])
@pytest.mark.parametrize("parameters", [{"FunctionName": "other"}, {"FunctionName": "Fn", "Qualifier": "other"}])
def test_function_that_does_not_exist_is_not_found(
    function: Function, operation: str, parameters: dict[str, str]
) -> None:
    async def scenario(api: LambdaCaller) -> RefusalError:
        with pytest.raises(RefusalError) as caught:
            await api.call(operation, **parameters)
        return caught.value

    refused = run([function], scenario)
    assert (refused.status, refused.code) == (404, "ResourceNotFoundException")


def test_list_has_every_function_or_every_version(function: Function) -> None:
    async def scenario(api: LambdaCaller) -> tuple[list[str], list[str]]:
        latest = await api.call("ListFunctions")
        every = await api.call("ListFunctions", FunctionVersion="ALL")
        return [each["FunctionArn"] for each in latest["Functions"]], [
            each["FunctionArn"] for each in every["Functions"]
        ]

    other = replace(function, name="A", arn=ARN.replace("Fn", "A"), qualifiers=frozenset())
    latest, every = run([function, other], scenario)
    assert latest == [other.arn, ARN]
    assert every == [f"{other.arn}:$LATEST", f"{ARN}:$LATEST", f"{ARN}:1"]


def test_pages_have_every_function_once(function: Function) -> None:
    functions = [replace(function, name=f"Fn{number}", arn=f"{ARN}{number}") for number in range(52)]

    async def scenario(api: LambdaCaller) -> list[list[str]]:
        pages = [await api.call("ListFunctions", MaxItems=1)]
        while marker := pages[-1].get("NextMarker"):
            pages.append(await api.call("ListFunctions", Marker=marker))
        return [[each["FunctionName"] for each in page["Functions"]] for page in pages]

    pages = run(functions, scenario)
    assert [len(page) for page in pages] == [1, 50, 1]
    assert sorted(name for page in pages for name in page) == sorted(each.name for each in functions)

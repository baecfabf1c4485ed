"""Custom resources: the event of each, and what becomes of its answer."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from samrun.custom_resources.creation import Creation
from samrun.custom_resources.resource_responses import ResourceResponses
from samrun.functions.invoker import InvocationResult
from samrun.template.model.triggers import CustomResource
from support.fake_invoker import FakeInvoker, success
from support.templates import FUNCTION, load_template

PROPERTIES = {"ServiceToken": "arn", "N": "1"}
SEED = CustomResource(logical_id="Seed", type="Custom::Seed", function="Fn", properties=PROPERTIES)


def _create(content: bytes | None, *, result: InvocationResult | None = None) -> tuple[Any, list[str], list[str]]:
    """Return the event of a resource whose function sends this answer, and the lines about success and failure."""
    reported: list[str] = []
    failed: list[str] = []

    async def scenario() -> Any:
        answers = ResourceResponses("http://answers")

        async def answer(_name: str, payload: bytes) -> InvocationResult:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(answers.app)) as client:
                if content is not None:
                    assert (await client.put(json.loads(payload)["ResponseURL"], content=content)).status_code == 200
            return result or success(None)

        invoker = FakeInvoker(function=answer)
        creation = Creation(
            invoker=invoker, answers=answers, region="eu-west-1", report=reported.append, fail=failed.append
        )
        await creation.create([SEED])
        return invoker.event

    return asyncio.run(scenario()), reported, failed


def test_function_gets_the_event_of_cloudformation_and_its_answer_is_reported() -> None:
    answer = {"Status": "SUCCESS", "PhysicalResourceId": "p", "Data": {"Id": "secret", "Name": "n"}}
    event, reported, failed = _create(json.dumps(answer).encode())
    assert (event["RequestType"], event["ResourceType"]) == ("Create", "Custom::Seed")
    assert (event["LogicalResourceId"], event["ResourceProperties"]) == ("Seed", PROPERTIES)
    assert event["StackId"].startswith("arn:aws:cloudformation:eu-west-1:123456789012:stack/")
    assert (reported, failed) == (["made Seed (Custom::Seed), with Id, Name"], [])


def test_data_of_another_form_than_an_object_has_no_names() -> None:
    _, reported, failed = _create(b'{"Status": "SUCCESS", "Data": [1]}')
    assert (reported, failed) == (["made Seed (Custom::Seed)"], [])


@pytest.mark.parametrize(
    ("content", "result", "why"),
    [
        (b'{"Status": "FAILED", "Reason": "no such zone"}', None, "Fn says no such zone"),
        (b"[" * 4096, None, "Fn says its answer is not an object in JSON of 4096 bytes at most"),
        (b"not JSON", None, "Fn says its answer is not an object in JSON of 4096 bytes at most"),
        (None, None, "Fn did not answer at the event's ResponseURL"),
        (None, InvocationResult.of_error("KeyError", "x"), "Fn failed (KeyError)"),
    ],
)
def test_resource_that_is_not_made_is_reported(
    content: bytes | None, result: InvocationResult | None, why: str
) -> None:
    _, reported, failed = _create(content, result=result)
    assert (reported, failed) == ([], [f"Seed (Custom::Seed) is not made: {why}"])


def test_url_that_nobody_waits_at_takes_no_answer() -> None:
    async def put() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(ResourceResponses("http://a").app)) as client:
            return (await client.put("http://a/guessed", content=b"{}")).status_code

    assert asyncio.run(put()) == 404


def test_custom_resource_of_a_function_of_the_template_is_made(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Seed: {{Type: Custom::Seed, Properties: {{ServiceToken: !GetAtt Fn.Arn, Count: 3, ServiceTimeout: 60}}}}
  Other: {{Type: AWS::CloudFormation::CustomResource, Properties: {{ServiceToken: "arn:aws:sns:us-east-1:1:topic"}}}}
"""
    application = load_template(tmp_path, resources)
    [custom] = application.custom_resources
    assert (custom.logical_id, custom.function, custom.properties["Count"]) == ("Seed", "Fn", "3")
    assert application.missing_triggers == ()
    assert application.ignored == (
        "Other (AWS::CloudFormation::CustomResource): its ServiceToken is not a function of the template",
    )


def test_value_that_an_answer_would_have_is_named(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
      Environment: {{Variables: {{ZONE: !GetAtt Seed.Zone}}}}
  Seed: {{Type: Custom::Seed, Properties: {{ServiceToken: !GetAtt Fn.Arn}}}}
"""
    [text] = load_template(tmp_path, resources).ignored
    assert text == (
        "!GetAtt Seed.Zone: the answer of a custom resource comes after the start. "
        "Give it with --parameter-overrides '!GetAtt Seed.Zone=VALUE'"
    )

"""The banner: where the APIs of a stack are."""

import io
from dataclasses import replace
from pathlib import Path

from samrun.cli.banner import print_banner
from samrun.endpoints import Endpoints
from samrun.oidc.issuer import Issuer
from samrun.stack import Stack
from samrun.supervision.terminal import Terminal
from samrun.template.model.application import Application, MissingTrigger
from samrun.template.model.http_apis import FunctionUrl, HttpApi
from samrun.template.model.rest_apis import RestApi

HTTP = HttpApi(logical_id="Http", routes=(), openapi_document=None)
REST = RestApi(
    logical_id="ShopApi", stage="v1", methods=(), api_keys={"ShopKey": "ShopKey", "a-secret-of-the-template": "Mine"}
)


def banner(
    folder: Path,
    *,
    api: str | None,
    apis: tuple[HttpApi, ...] = (),
    rest_apis: tuple[RestApi, ...] = (),
    function_urls: tuple[FunctionUrl, ...] = (),
    missing: tuple[MissingTrigger, ...] = (),
) -> str:
    application = Application(
        functions=(),
        apis=apis,
        rest_apis=rest_apis,
        function_urls=function_urls,
        mappings=(),
        schedules=(),
        resources=(),
        ignored=(),
        missing_triggers=missing,
    )
    endpoints = Endpoints(
        api=api,
        lambda_=None,
        console="http://127.0.0.1:8025",
        aws="http://127.0.0.1:4566",
        dynamodb="http://127.0.0.1:8000",
        kafka="127.0.0.1:9092",
    )
    output = io.StringIO()
    stack = Stack(application=application, endpoints=endpoints, issuer=Issuer(endpoints.issuer, folder))
    print_banner(stack, Terminal(output, folder / "logs"))
    return output.getvalue()


def test_rest_api_is_at_its_stage(tmp_path: Path) -> None:
    said = banner(tmp_path, api="http://127.0.0.1:3000", apis=(HTTP,), rest_apis=(REST,))
    assert "  api             http://127.0.0.1:3000\n" in said
    assert "  ShopApi         http://127.0.0.1:3000/v1\n" in said
    assert "Http " not in said


def test_addresses_stand_below_one_another_beside_a_long_name(tmp_path: Path) -> None:
    api = replace(REST, logical_id="ServerlessRestApi", api_keys={})
    said = banner(tmp_path, api="http://127.0.0.1:3000", rest_apis=(api,))
    assert "  api               http://127.0.0.1:3000\n" in said
    assert "  ServerlessRestApi http://127.0.0.1:3000/v1\n" in said


def test_triggers_of_a_function_that_are_missing_for_one_reason_are_one_line(tmp_path: Path) -> None:
    def missing(trigger: str, *, reason: str = "it is written in Node") -> MissingTrigger:
        return MissingTrigger(
            logical_id=trigger, function="Ship", source="schedule", reason=reason, remedy="Translate it"
        )

    said = banner(tmp_path, api=None, missing=(missing("Day"), missing("Night"), missing("Noon", reason="too hot")))
    assert (
        "  Ship is not triggered by Day (schedule), Night (schedule): it is written in Node. Translate it.\n"
        "  Ship is not triggered by Noon (schedule): too hot. Translate it.\n"
    ) in said


def test_api_key_that_has_no_value_in_the_template_is_said(tmp_path: Path) -> None:
    said = banner(tmp_path, api="http://127.0.0.1:3000", rest_apis=(REST,))
    assert "  x-api-key       ShopKey, for ShopApi\n" in said
    assert "a-secret-of-the-template" not in said


def test_function_url_is_at_its_path(tmp_path: Path) -> None:
    url = FunctionUrl(logical_id="FnUrl", function="Fn", path="/lambda-url/Fn")
    said = banner(tmp_path, api="http://127.0.0.1:3000", function_urls=(url,))
    assert "  url of Fn       http://127.0.0.1:3000/lambda-url/Fn/\n" in said
    assert "url of Fn" not in banner(tmp_path, api=None, function_urls=(url,))


def test_stack_without_an_api_names_none(tmp_path: Path) -> None:
    assert "  api " not in banner(tmp_path, api=None)

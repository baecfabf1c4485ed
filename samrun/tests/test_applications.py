"""Several templates in one stack: their applications are joined, and a name stands for one thing."""

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from samrun.applications import ConflictError, UnknownParameterError, load_application, load_applications
from samrun.endpoints import Endpoints
from samrun.functions.invoker import InvocationResult
from samrun.gateway import gateway, rest_gateway
from samrun.gateway.joined_apis import join_apis
from samrun.settings import template_settings
from samrun.template.model.application import Application
from support.fake_invoker import FakeInvoker, success
from support.rest_apis import no_client

ENDPOINTS = Endpoints(
    api=None,
    lambda_=None,
    console="http://127.0.0.1:8025",
    aws="http://127.0.0.1:4566",
    dynamodb="http://127.0.0.1:8000",
    kafka="127.0.0.1:9092",
)
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  %(function)sBrokers: {Type: String, Default: none}
  Stage: {Type: String, Default: none}
Resources:
  %(function)s:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: src
      Handler: main.handler
      Environment: {Variables: {BROKERS: !Ref %(function)sBrokers, STAGE: !Ref Stage}}
      Events:
        Get: {Type: HttpApi, Properties: {Method: GET, Path: %(path)s}}
  %(table)s:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: %(billing)s
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


def write(folder: Path, *, function: str, path: str, table: str = "Table", billing: str = "PAY_PER_REQUEST") -> Path:
    """Write an application into the folder, and return its template."""
    (folder / "src").mkdir(parents=True)
    values = {"function": function, "path": path, "table": table, "billing": billing}
    (folder / "template.yaml").write_text(TEMPLATE % values)
    return folder / "template.yaml"


def load(*templates: Path, **overrides: str) -> Application:
    settings = [template_settings(each) for each in templates]
    return load_applications(settings, overrides=overrides, endpoints=ENDPOINTS, region="us-east-1")


def test_several_templates_become_one_application(tmp_path: Path) -> None:
    one = write(tmp_path / "one", function="One", path="/one", table="Ones")
    two = write(tmp_path / "two", function="Two", path="/two", table="Twos")
    joined = load(one, two)
    assert [function.name for function in joined.functions] == ["One", "Two"]
    assert [route.key for api in joined.apis for route in api.routes] == ["GET /one", "GET /two"]
    assert [resource.name for resource in joined.resources] == ["Ones", "Twos"]


def test_each_template_gets_the_parameters_that_it_has(tmp_path: Path) -> None:
    one = write(tmp_path / "one", function="One", path="/one")
    two = write(tmp_path / "two", function="Two", path="/two")
    (one.parent / "samconfig.toml").write_text(
        '[default.samrun.parameters]\nparameter_overrides = ["OneBrokers={kafka}", "Stage=one"]'
    )
    first, second = load(one, two, TwoBrokers="{kafka}").functions
    assert (first.environment["BROKERS"], first.environment["STAGE"]) == ("127.0.0.1:9092", "one")
    assert (second.environment["BROKERS"], second.environment["STAGE"]) == ("127.0.0.1:9092", "none")
    assert [each.environment["STAGE"] for each in load(one, two, Stage="both").functions] == ["both", "both"]


def test_parameters_of_a_deployment_that_the_template_does_not_declare_are_left_out(tmp_path: Path) -> None:
    """So `sam deploy` does, and a template runs with the samconfig.toml that it has."""
    one = write(tmp_path / "one", function="One", path="/one")
    (one.parent / "samconfig.toml").write_text(
        '[default.deploy.parameters]\nparameter_overrides = \'Stage="dev" Removed="x"\''
    )
    assert [each.environment["STAGE"] for each in load(one).functions] == ["dev"]


def test_an_override_of_no_template_is_an_error(tmp_path: Path) -> None:
    one = write(tmp_path / "one", function="One", path="/one")
    two = write(tmp_path / "two", function="Two", path="/two")
    with pytest.raises(UnknownParameterError, match="no template has the parameter Stagge"):
        load(one, two, Stagge="both")


async def _return_name(name: str, payload: bytes) -> InvocationResult:
    assert payload
    return success(proxy_result(name) if b'"httpMethod"' in payload else name)


def proxy_result(text: str) -> dict[str, object]:
    """Return what a function of a REST API returns."""
    return {"statusCode": 200, "body": text}


def app_of(application: Application) -> ASGIApp:
    """Return the web application of all APIs, whose functions return their names."""
    invoker = FakeInvoker(function=_return_name)
    http_apis = [(api, gateway(api, invoker, log=lambda _: None, warn=pytest.fail)) for api in application.apis]
    rest_apis = [
        (
            api,
            rest_gateway(
                api,
                invoker,
                log=lambda _: None,
                warn=pytest.fail,
                client=no_client,
                accept=lambda function, _: pytest.fail(function),
            ),
        )
        for api in application.rest_apis
    ]
    return join_apis([*http_apis, *rest_apis])


def get(app: ASGIApp, path: str) -> str:
    async def request() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return (await client.get(path)).text

    return asyncio.run(request())


@pytest.mark.parametrize(
    ("second", "conflict"),
    [
        ({"function": "One", "path": "/two"}, "function One"),
        ({"function": "Two", "path": "/two", "billing": "PROVISIONED"}, "AWS::DynamoDB::Table Table"),
    ],
)
def test_a_name_of_two_different_things_is_an_error_that_names_both_templates(
    tmp_path: Path, second: dict[str, str], conflict: str
) -> None:
    one = write(tmp_path / "one", function="One", path="/one")
    two = write(tmp_path / "two", **second)
    with pytest.raises(ConflictError) as raised:
        load(one, two)
    assert str(raised.value).startswith(f"{one} and {two} both have the {conflict}, and they are different things. ")


def test_templates_share_a_resource_that_both_declare_alike(tmp_path: Path) -> None:
    one = write(tmp_path / "one", function="One", path="/one")
    two = write(tmp_path / "two", function="Two", path="/two")
    assert [resource.name for resource in load(one, two).resources] == ["Table"]


def test_the_document_of_one_api_is_at_docs_and_the_others_are_said_to_be_left_out(tmp_path: Path) -> None:
    one = write(tmp_path / "one", function="One", path="/one")
    two = write(tmp_path / "two", function="Two", path="/two")
    api = "  Api:\n    Type: AWS::Serverless::HttpApi\n    Metadata: {OpenApiDocument: %s.json}\n"
    for template, name in ((one, "one"), (two, "two")):
        text = template.read_text().replace("{Method: GET", "{ApiId: !Ref Api, Method: GET")
        template.write_text(text + api % name)
    assert load(one).ignored == ()
    assert load(one, two).ignored == (f"Api: {two.parent}/two.json (/docs shows {one.parent}/one.json)",)


REST = """
  %(name)s: {Type: AWS::Serverless::Api, Properties: {StageName: %(stage)s}}
  %(name)sFunction:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: src
      Handler: main.handler
      Events: {Get: {Type: Api, Properties: {RestApiId: !Ref %(name)s, Method: get, Path: %(path)s}}}
"""


def append_rest_api(template: Path, *, name: str, stage: str, path: str = "/one") -> None:
    """Put a REST API with one method into a template."""
    template.write_text(template.read_text() + REST % {"name": name, "stage": stage, "path": path})


def test_all_apis_of_a_template_are_kept_and_hidden_routes_are_said(tmp_path: Path) -> None:
    one = write(tmp_path / "one", function="One", path="/one")
    append_rest_api(one, name="First", stage="v1")
    append_rest_api(one, name="Second", stage="v1")
    append_rest_api(one, name="Third", stage="v2", path="/other")
    joined = load(one)
    assert [api.logical_id for api in joined.all_apis] == ["ServerlessHttpApi", "First", "Second", "Third"]
    first, second = joined.ignored
    assert first == "First: GET /one without /v1 (the API ServerlessHttpApi has the same route, and gets the requests)"
    assert second.startswith("Second: GET /v1/one, GET /one without /v1 (the API First, ServerlessHttpApi has the same")


def test_a_route_that_two_templates_have_is_said_and_is_below_the_name_of_the_second_stack(tmp_path: Path) -> None:
    one = write(tmp_path / "one", function="One", path="/same")
    two = write(tmp_path / "two", function="Two", path="/same")
    append_rest_api(one, name="First", stage="v1", path="/rest")
    append_rest_api(two, name="Second", stage="v1", path="/rest")
    joined = load(one, two)
    assert [(api.logical_id, api.stack) for api in joined.all_apis] == [
        *(("ServerlessHttpApi", None), ("ServerlessHttpApi", "two"), ("First", None), ("Second", "two"))
    ]
    gets = "has the same route, and gets the requests. With /two before it, it is here"
    assert joined.ignored == (
        f"ServerlessHttpApi: GET /same (the API ServerlessHttpApi {gets})",
        f"Second: GET /v1/rest, GET /rest without /v1 (the API First {gets})",
    )
    app = app_of(joined)
    assert [get(app, path) for path in ("/same", "/two/same", "/rest", "/v1/rest")] == [
        *("One", "Two", "FirstFunction", "FirstFunction")
    ]
    assert [get(app, path) for path in ("/two/rest", "/two/v1/rest", "/two")] == [
        *("SecondFunction", "SecondFunction", '{"message":"Not Found"}')
    ]


def test_further_stacks_have_their_own_names_in_the_templates(tmp_path: Path) -> None:
    one, two = (write(tmp_path / name, function=name, path=f"/{name}", table=f"{name}Table") for name in ("one", "two"))
    for template in (one, two):
        template.write_text(template.read_text().replace("STAGE: !Ref Stage", "STAGE: !Ref AWS::StackName"))
    (two.parent / "samconfig.toml").write_text('[default.global.parameters]\nstack_name = "rewards"\n')
    first, second = (each.environment["STAGE"] for each in load(one, two).functions)
    assert (first, second) == ("local", "rewards")


def test_one_template_is_loaded_as_a_stack_loads_it(tmp_path: Path) -> None:
    one = write(tmp_path / "one", function="One", path="/one")
    [function] = load_application(one, endpoints=ENDPOINTS, overrides=["OneBrokers={kafka}"]).functions
    assert function.environment["BROKERS"] == "127.0.0.1:9092"


def test_the_most_specific_route_of_all_templates_gets_the_request(tmp_path: Path) -> None:
    greedy = write(tmp_path / "one", function="Greedy", path='"/{proxy+}"')
    exact = write(tmp_path / "two", function="Exact", path="/orders")
    app = app_of(load(greedy, exact))
    assert get(app, "/orders") == "Exact"
    assert get(app, "/others") == "Greedy"
    assert get(app, "/") == '{"message":"Not Found"}'

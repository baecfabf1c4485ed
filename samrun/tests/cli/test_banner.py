"""The banner: where the APIs of a stack are, how to try them, and what to do next."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.cli.banner import print_banner
from samrun.endpoints import DATA, Endpoints
from samrun.filtering.filter_pattern import FilterPattern
from samrun.oidc.issuer import Issuer
from samrun.settings import TEMPLATE, TemplateSettings, stack_settings
from samrun.stack import Stack
from samrun.supervision.terminal import Terminal
from samrun.template.model.application import Application, MissingTrigger
from samrun.template.model.authorizers import JwtAuthorizer, TryItToken
from samrun.template.model.functions import Function
from samrun.template.model.http_apis import FunctionUrl, HttpApi, Route
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.rest_apis import RestApi, RestMethod
from support.kafka_mappings import kafka_mapping
from support.python_function import create_function

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
    functions: tuple[Function, ...] = (),
    mappings: tuple[KafkaMapping, ...] = (),
    data: Path = DATA,
) -> str:
    application = Application(
        functions=functions,
        apis=apis,
        rest_apis=rest_apis,
        function_urls=function_urls,
        mappings=mappings,
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
    settings = replace(stack_settings(data=data), templates=(TemplateSettings(path=TEMPLATE, parameters={}),))
    print_banner(stack, settings, Terminal(output, folder / "logs"))
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


ISSUER = "http://127.0.0.1:8025/issuer"


def api_to_try(*, issuer: str | None = ISSUER, next_steps: str | None = None) -> HttpApi:
    """Return an API with a command to try, whose authorizer trusts `issuer`; without one, it has no authorizer."""
    authorizer = issuer and JwtAuthorizer(
        name="Tokens", issuer=issuer, audiences=("greetings",), identity_source="$request.header.Authorization"
    )
    return replace(
        HTTP,
        routes=(Route(method="GET", path="/", function="Greeter", authorizer=authorizer or None),),
        try_it='curl {api}/ -H "authorization: Bearer {token}" -d \'{"a": 1}\'\n',
        try_it_token=TryItToken(subject="cus_ada", scope="greet"),
        next_steps=next_steps,
    )


@pytest.fixture
def samrun_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the path have the `samrun` that runs."""
    program = tmp_path / "bin" / "samrun"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setattr("sys.executable", str(program.with_name("python")))
    monkeypatch.setenv("PATH", str(program.parent))


def test_what_people_open_stands_above_what_programs_use(tmp_path: Path) -> None:
    documented = replace(HTTP, openapi_document=tmp_path / "openapi.json")
    said = banner(tmp_path, api="http://127.0.0.1:3000", apis=(documented,))
    people, programs, *_ = said.partition("Ctrl-C ends everything.\n\n")[2].split("\n\n")
    assert [line.split()[0] for line in people.splitlines()] == ["api", "docs", "console"]
    assert [line.split()[0] for line in programs.splitlines()] == ["aws", "dynamodb", "kafka"]


@pytest.mark.parametrize(("current", "shown"), [("", "bin/samrun"), ("deep/" * 60, "{folder}/bin/samrun")])
def test_path_of_samrun_is_shown_in_its_shorter_form(
    current: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / current).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / current)
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", "")
    said = banner(tmp_path, api="http://127.0.0.1:3000", apis=(api_to_try(),))
    assert f"$({shown.format(folder=tmp_path)} token)" in said


@pytest.mark.usefixtures("samrun_on_the_path")
def test_command_to_try_gets_its_token_from_samrun(tmp_path: Path) -> None:
    said = banner(tmp_path, api="http://127.0.0.1:3000", apis=(api_to_try(),))
    expected = 'curl http://127.0.0.1:3000/ -H "authorization: Bearer $(samrun token)" -d \'{"a": 1}\''
    assert f"\nTry it:\n\n{expected}\n" in said


@pytest.mark.usefixtures("samrun_on_the_path")
def test_command_to_try_names_a_data_folder_that_is_not_the_usual_one(tmp_path: Path) -> None:
    said = banner(tmp_path, api="http://127.0.0.1:3000", apis=(api_to_try(),), data=Path("my data"))
    assert "$(samrun token --data 'my data')" in said


@pytest.mark.parametrize("issuer", [None, "https://issuer.example"])
def test_command_of_an_api_that_takes_no_local_token_keeps_its_placeholder(tmp_path: Path, issuer: str | None) -> None:
    said = banner(tmp_path, api="http://127.0.0.1:3000", apis=(api_to_try(issuer=issuer),))
    assert 'Bearer {token}"' in said
    assert "samrun token" not in said


def test_next_steps_are_those_of_the_template(tmp_path: Path) -> None:
    api = api_to_try(next_steps="Open {console}.\n\nrm -r {unknown}\n")
    said = banner(tmp_path, api="http://127.0.0.1:3000", apis=(api,), functions=(create_function(tmp_path),))
    assert said.endswith("\nNext:\n\nOpen http://127.0.0.1:8025.\n\nrm -r {unknown}\n\n")


def test_next_steps_of_a_template_that_has_none_are_general(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mapping = kafka_mapping()
    said = banner(tmp_path, api=None, functions=(create_function(tmp_path),), mappings=(mapping,))
    assert "Edit main.py: the next invocation uses the new code." in said
    assert "Send a record from another terminal in this folder: Greeter gets it.\n\n" in said
    assert said.endswith("samrun produce greetings 'Good morning.'\n\n")
    said = banner(tmp_path, api=None, mappings=(mapping,), data=Path("my data"))
    assert said.endswith("samrun produce greetings 'Good morning.' --data 'my data'\n\n")


def test_next_step_says_what_delays_or_drops_a_record(tmp_path: Path) -> None:
    said = banner(tmp_path, api=None, mappings=(replace(kafka_mapping(), window=300.0),))
    assert (
        "Greeter gets it after the batching window, 300 s (`samrun up --max-batching-window 1` shortens it).\n" in said
    )
    filtered = replace(kafka_mapping(), filters=(FilterPattern.parse('{"value": {"kind": ["Event"]}}'),))
    assert "Greeter gets it, if a filter of its mapping matches.\n" in banner(tmp_path, api=None, mappings=(filtered,))


def test_next_step_of_an_api_is_a_request_that_anybody_may_send(tmp_path: Path) -> None:
    authorizer = JwtAuthorizer(name="Jwt", issuer="https://issuer.example", audiences=None, identity_source="")
    routes = (
        Route(method="GET", path="/mine", function="Greeter", authorizer=authorizer),
        Route(method="POST", path="/hello", function="Greeter"),
        Route(method=None, path=None, function="Greeter"),
        Route(method="GET", path="/hello/{name}/{rest+}", function="Greeter"),
    )
    api, methods = "http://127.0.0.1:3000", (RestMethod(method="ANY", path="/hello", function="Greeter"),)
    said = banner(tmp_path, api=api, apis=(replace(HTTP, routes=routes),))
    assert said.endswith("Send a request from another terminal.\n\ncurl http://127.0.0.1:3000/hello/NAME/REST\n\n")
    said = banner(tmp_path, api=api, rest_apis=(replace(REST, methods=methods),))
    assert said.endswith("\n\ncurl http://127.0.0.1:3000/v1/hello\n\n")
    with_key = (replace(methods[0], api_key_required=True),)
    assert "curl" not in banner(tmp_path, api=api, rest_apis=(replace(REST, methods=with_key),))
    assert "curl" not in banner(tmp_path, api=api, apis=(replace(HTTP, routes=routes, stack="rewards"),))
    assert "curl" not in banner(tmp_path, api=None, apis=(replace(HTTP, routes=routes),)), "samrun services"


def test_function_whose_code_is_no_python_file_is_not_one_to_edit(tmp_path: Path) -> None:
    said = banner(tmp_path, api=None, functions=(create_function(tmp_path, None, handler="app.Handler::handle"),))
    assert "Next:" not in said

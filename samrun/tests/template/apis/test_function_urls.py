"""Function URLs of a template, and what of them is listed."""

from pathlib import Path

import pytest

from samrun.template.model.http_apis import Cors
from support.templates import FUNCTION, load_template

CORS = "{AllowOrigins: [https://shop.example], AllowMethods: [GET], AllowCredentials: true, MaxAge: 60}"


def test_function_has_its_url_with_its_cors_configuration(tmp_path: Path) -> None:
    resources = f"\n  Fn:{FUNCTION}\n      FunctionUrlConfig: {{AuthType: NONE, Cors: {CORS}}}\n"
    application = load_template(tmp_path, resources)
    [url] = application.function_urls
    assert (url.logical_id, url.function, url.path, url.qualifier) == ("FnUrl", "Fn", "/lambda-url/Fn", None)
    assert url.cors == Cors(origins=("https://shop.example",), methods=("GET",), credentials=True, max_age=60)
    assert (application.ignored, application.missing_triggers) == ((), ())
    assert application.serves_http


def test_url_of_an_alias_invokes_the_alias_and_has_a_path_of_its_own(tmp_path: Path) -> None:
    resources = f"\n  Fn:{FUNCTION}\n      AutoPublishAlias: live\n      FunctionUrlConfig: {{AuthType: NONE}}\n"
    [url] = load_template(tmp_path, resources).function_urls
    assert (url.path, url.qualifier) == ("/lambda-url/Fn:live", "live")


def test_function_reads_its_url_where_it_is_on_this_machine(tmp_path: Path) -> None:
    resources = f"""
  Linked:{FUNCTION}
      FunctionUrlConfig: {{AuthType: NONE}}
  Fn:{FUNCTION}
      Environment: {{Variables: {{URL: !GetAtt LinkedUrl.FunctionUrl}}}}
"""
    functions = {each.name: each for each in load_template(tmp_path, resources, api="http://127.0.0.1:3000").functions}
    assert functions["Fn"].environment["URL"] == "http://127.0.0.1:3000/lambda-url/Linked/"


def test_url_whose_requests_are_not_checked_is_listed(tmp_path: Path) -> None:
    resources = f"\n  Fn:{FUNCTION}\n      FunctionUrlConfig: {{AuthType: AWS_IAM}}\n"
    application = load_template(tmp_path, resources)
    assert application.ignored == ("FnUrl: AuthType AWS_IAM (its requests are not checked)",)
    assert len(application.function_urls) == 1


def test_url_of_a_function_of_another_stack_is_listed(tmp_path: Path) -> None:
    properties = "{AuthType: NONE, TargetFunctionArn: other}"
    application = load_template(tmp_path, f"\n  Url: {{Type: AWS::Lambda::Url, Properties: {properties}}}\n")
    assert application.ignored == ("Url: its function other is not in the template",)
    assert application.function_urls == ()


@pytest.mark.parametrize("auth", ["NONE", "AWS_IAM"])
def test_url_of_a_function_that_does_not_run_is_a_missing_trigger(tmp_path: Path, auth: str) -> None:
    function = FUNCTION.replace("python3.13", "nodejs22.x")
    resources = f"\n  Fn:{function}\n      FunctionUrlConfig: {{AuthType: {auth}}}\n"
    application = load_template(tmp_path, resources)
    [trigger] = application.missing_triggers
    assert (trigger.logical_id, trigger.source) == ("FnUrl", "function URL")
    assert application.function_urls == ()

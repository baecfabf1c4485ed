"""Errors about templates that samrun cannot read: each names the resource and the property, where they are known."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samrun.template.errors import TemplateError
from samrun.template.reading.error_places import errors_of
from support.templates import FUNCTION, load_template

CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2"
KAFKA = f"EventSourceArn: '{CLUSTER}', Topics: [topic], StartingPosition: LATEST"


def _mapping(properties: str) -> str:
    return f"\n  Fn:{FUNCTION}\n  Mapping: {{Type: AWS::Lambda::EventSourceMapping, Properties: {{{properties}}}}}\n"


@pytest.mark.parametrize(
    ("resources", "place", "cause"),
    [
        (
            f"\n  Fn:{FUNCTION}      ReservedConcurrentExecutions: soon\n",
            "Fn.ReservedConcurrentExecutions",
            ValueError,
        ),
        (f"\n  Fn:{FUNCTION}      LoggingConfig: JSON\n", "Fn", AttributeError),
        (_mapping(KAFKA), "Mapping.FunctionName", KeyError),
        ("\n  Mail: {Type: AWS::SNS::Subscription, Properties: {TopicArn: a}}\n", "Mail.Protocol", KeyError),
        ("\n  Mail: {Type: AWS::SNS::Subscription, Properties: }\n", "Mail.Protocol", KeyError),
        ("\n  Live: {Type: AWS::Lambda::Alias, Properties: {Name: a}}\n", "Live.FunctionName", KeyError),
        ("\n  Bad: {Type: AWS::Lambda::EventInvokeConfig}\n", "Bad.FunctionName", KeyError),
    ],
)
def test_error_names_the_resource_and_the_property(
    tmp_path: Path, resources: str, place: str, cause: type[Exception]
) -> None:
    with pytest.raises(TemplateError) as raised:
        load_template(tmp_path, resources)
    assert f"{tmp_path / 'template.yaml'}: samrun cannot read {place}" in str(raised.value)
    assert isinstance(raised.value.__cause__, cause)
    assert re.search(
        r"If CloudFormation takes it, this is a bug of samrun: .* line \d+ of [\w.]+\.$", str(raised.value)
    )


class RunnersOwn:
    """An object of samrun's own."""

    def multiply(self, *, by: int) -> int:
        return by


@pytest.mark.parametrize(
    "bug",
    [
        lambda own: own.timeout,
        lambda own: own.multiply(),
        lambda own: own.multiply(2),
        lambda own: own.multiply(by=2, of=3),
    ],
)
def test_error_that_no_template_can_cause_is_no_error_of_the_template(bug: Callable[[Any], int]) -> None:
    with pytest.raises((AttributeError, TypeError)), errors_of(Path("template.yaml")):
        bug(RunnersOwn())


@pytest.mark.parametrize(
    ("resources", "refused"),
    [
        (f"\n  Fn:{FUNCTION}      Timeout: soon\n", "AWS refuses Fn: Timeout is 'soon', which is no number"),
        (
            _mapping(f"FunctionName: !Ref Fn, {KAFKA}, DestinationConfig: {{OnFailure: }}"),
            "AWS refuses Mapping: DestinationConfig.OnFailure is None, which is no object",
        ),
    ],
)
def test_value_of_another_form_that_has_limits_is_refused(tmp_path: Path, resources: str, refused: str) -> None:
    with pytest.raises(TemplateError) as raised:
        load_template(tmp_path, resources)
    assert str(raised.value) == f"{tmp_path / 'template.yaml'}: {refused}"


@pytest.mark.parametrize("rest", ["Parameters: [a]", "Parameters: {A: }", "Conditions: {A: !Equals a}"])
def test_error_of_another_section_names_the_template(tmp_path: Path, rest: str) -> None:
    queue = "\n  Jobs: {Type: AWS::SQS::Queue, Condition: A}\n"
    with pytest.raises(TemplateError, match=r"samrun cannot read the template\. A value is missing"):
        load_template(tmp_path, queue, rest=rest)


def test_condition_of_itself_is_an_error(tmp_path: Path) -> None:
    rest = "Conditions: {A: !Not [!Condition A]}"
    with pytest.raises(TemplateError, match="RecursionError"):
        load_template(tmp_path, "\n  Jobs: {Type: AWS::SQS::Queue, Condition: A}\n", rest=rest)


@pytest.mark.parametrize("resource", ["{Properties: {}}", "", "{Type: {Ref: A}}", "[a]"])
def test_resource_without_a_type_is_an_error(tmp_path: Path, resource: str) -> None:
    with pytest.raises(TemplateError, match="the resource Thing has no Type"):
        load_template(tmp_path, f"\n  Thing: {resource}\n")


def test_property_without_a_value_is_as_a_missing_one(tmp_path: Path) -> None:
    nothing = "FilterCriteria: , DestinationConfig: , FunctionResponseTypes: , SourceAccessConfigurations: "
    [mapping] = load_template(tmp_path, _mapping(f"FunctionName: !Ref Fn, {KAFKA}, {nothing}")).mappings
    assert (mapping.filters, mapping.on_failure, mapping.report_batch_item_failures) == ((), None, False)

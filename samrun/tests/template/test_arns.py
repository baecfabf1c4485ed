"""Names of functions in every form of reference."""

import pytest

from samrun.template.arns import function_name

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Fn"


@pytest.mark.parametrize(
    "reference",
    [
        *("Fn", "Fn:live", "function:Fn", "123456789012:function:Fn", "123456789012:function:Fn:live", ARN, f"{ARN}:7"),
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations",
    ],
)
def test_function_name_is_found_in_every_form(reference: str) -> None:
    assert function_name(reference) == "Fn"

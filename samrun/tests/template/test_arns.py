"""Functions by every form of their name."""

import pytest

from local.arns import function_name

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Fn"


@pytest.mark.parametrize(
    "reference",
    [
        *("Fn", "Fn:live", "function:Fn", "123456789012:function:Fn", "123456789012:function:Fn:live", ARN, f"{ARN}:7"),
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations",
    ],
)
def test_every_form_of_a_functions_name_is_read(reference: str) -> None:
    assert function_name(reference) == "Fn"

"""Lambda's context of an invocation, for the tests that call a handler themselves."""

from aws_lambda_powertools.utilities.typing import LambdaContext


class FakeContext(LambdaContext):
    """Context of an invocation of a function that has so many milliseconds left."""

    def __init__(self, function_name: str, *, remaining_ms: int) -> None:
        self._function_name = function_name
        self._function_version = "$LATEST"
        self._memory_limit_in_mb = 1024
        self._invoked_function_arn = f"arn:aws:lambda:eu-central-1:123456789012:function:{function_name}"
        self._aws_request_id = "request-1"
        self._remaining_ms = remaining_ms

    # Powertools has it as a static method.
    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        return self._remaining_ms

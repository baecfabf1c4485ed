"""Invoker of functions that run elsewhere: behind `sam local start-lambda`, another emulator, or on AWS itself."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from samrun.error_code import error_code
from samrun.functions.invoker import (
    PAYLOAD_LIMIT,
    TIMED_OUT,
    FunctionUnavailableError,
    InvocationOptions,
    InvocationResult,
    PayloadTooLargeError,
)
from samrun.functions.unmarked_error import unmarked_error

_MAX_INVOCATIONS = 256
_TOO_LARGE = "RequestEntityTooLargeException"


class RemoteInvoker:
    """Invoker by the Invoke API of an endpoint. `client` is the boto3 client of Lambda there.

    `report` takes a line when a function cannot be reached, and one when it can be again: not one for each attempt.
    Nothing stops an invocation that has begun; the process may end before it.
    """

    def __init__(self, client: Any, report: Callable[[str], object]) -> None:
        self._client = client
        self._report = report
        self._slots = asyncio.Semaphore(_MAX_INVOCATIONS)
        # The reports about functions that cannot be reached.
        self._trouble: dict[str, str] = {}

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        """Invoke a function by its name, and wait for the result.

        Raises PayloadTooLargeError, and FunctionUnavailableError if the invocation did not reach the function.
        """
        if len(payload) > PAYLOAD_LIMIT:
            raise PayloadTooLargeError(f"The payload for {function} has {len(payload)} bytes, over {PAYLOAD_LIMIT}.")
        qualifier = options and options.qualifier
        call = partial(self._invoke, function, payload, {"Qualifier": qualifier} if qualifier else {})
        try:
            async with self._slots:
                result = await _in_thread(call)
        except FunctionUnavailableError as error:
            self._report_trouble(function, str(error))
            raise
        if self._trouble.pop(function, None):
            self._report(f"{function} is invoked again")
        return result

    def _invoke(self, function: str, payload: bytes, qualifier: dict[str, str]) -> InvocationResult:
        try:
            answer = self._client.invoke(FunctionName=function, Payload=payload, **qualifier)
            content: bytes = answer["Payload"].read()
        except ReadTimeoutError:
            return InvocationResult.of_error(TIMED_OUT, f"{function} did not answer in time")
        except ClientError as error:
            if error_code(error) == _TOO_LARGE:
                raise PayloadTooLargeError(str(error)) from error
            raise FunctionUnavailableError(f"{error_code(error)}: {_message(error)}") from error
        except BotoCoreError as error:
            raise FunctionUnavailableError(str(error)) from error
        if not content:  # of the SAM CLI, for a function that did not answer in its time
            return InvocationResult.of_error(TIMED_OUT, f"{function} returned nothing")
        request_id = answer["ResponseMetadata"].get("RequestId", "")
        return InvocationResult(
            request_id=request_id,
            payload=content,
            # Only the SAM CLI sends no request id.
            function_error=answer.get("FunctionError") or (None if request_id else unmarked_error(content)),
        )

    def _report_trouble(self, function: str, text: str) -> None:
        if self._trouble.get(function) != text:
            self._trouble[function] = text
            self._report(f"{function} cannot be invoked, retrying: {text}")


async def _in_thread(call: Callable[[], InvocationResult]) -> InvocationResult:
    """Return the result of a call that blocks, made in a thread that does not keep the process from its end.

    Python waits for the threads of an executor, and so for a function that runs for 15 minutes.
    """
    result: Future[InvocationResult] = Future()
    result.set_running_or_notify_cancel()  # nobody cancels it, so the thread can always set it

    def run() -> None:
        try:
            result.set_result(call())
        except Exception as error:  # noqa: BLE001 - it is raised where the result is awaited
            result.set_exception(error)

    threading.Thread(target=run, name="invocation", daemon=True).start()
    return await asyncio.wrap_future(result)


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))

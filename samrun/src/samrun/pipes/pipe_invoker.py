"""Invoker of pipes: passes the batches of their sources to their enrichments and targets."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.errors import SamrunError
from samrun.event_triggers.destination_request import ApiDestinationError, send_to_api_destination
from samrun.functions.invoker import InvocationOptions, InvocationResult, Invoker
from samrun.pipes.pipe_events import pipe_events
from samrun.pipes.pipe_input import step_input
from samrun.pipes.pipe_targets import FIRE_AND_FORGET, PipeError, run_state_machine, send_events
from samrun.services.clients import Clients
from samrun.template.model.pipes import Pipe, PipeStep

# Answers of an enrichment after which the target gets nothing.
_NOTHING: tuple[Any, ...] = (None, "", {}, [])


class PipeInvoker:
    """An Invoker that passes the batches for pipes on, and invokes functions by `invoker`.

    `accept` takes an event for a function for whose result the pipe does not wait. `client` returns the boto3 client of
    a service. `report` takes lines about what went wrong.
    """

    def __init__(
        self,
        invoker: Invoker,
        pipes: Iterable[Pipe],
        *,
        accept: Callable[[str, bytes], object],
        client: Clients,
        report: Callable[[str], object],
    ) -> None:
        self._invoker = invoker
        self._pipes = {each.consumer: each for each in pipes}
        self._accept = accept
        self._client = client
        self._report = report

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        """Pass a batch through a pipe, or invoke a function. The failure of a step is the result's."""
        pipe = self._pipes.get(function)
        if pipe is None:
            return await self._invoker.invoke(function, payload, options)
        try:
            answer = await self._pass_on(pipe, pipe_events(payload))
        except (PipeError, ApiDestinationError, BotoCoreError, ClientError) as error:
            self._report(f"{pipe.logical_id}: {error}")
            return InvocationResult.of_error(type(error).__name__, str(error))
        return InvocationResult(request_id="", payload=json.dumps(answer).encode())

    async def _pass_on(self, pipe: Pipe, events: list[Any]) -> Any:
        """Return the partial batch response of the target: an empty one if it does not name failed events."""
        if pipe.enrichment is not None:
            answer = await self._enriched(pipe, pipe.enrichment, events)
            if answer in _NOTHING:
                return {}
            events = answer if isinstance(answer, list) else [answer]
        inputs = [step_input(event, pipe.target, pipe) for event in events]
        if pipe.target.function is None:
            await asyncio.to_thread(send_events, pipe, events, inputs, self._client)
            return {}
        return await self._invoke_target(pipe.target, pipe.target.function, inputs)

    async def _enriched(self, pipe: Pipe, step: PipeStep, events: list[Any]) -> Any:
        inputs = [step_input(event, step, pipe) for event in events]
        if step.function is not None:
            return await self._invoke(step.function, inputs)
        if step.destination is None:
            return await asyncio.to_thread(run_state_machine, step, inputs, self._client)
        return [
            _as_value(
                await asyncio.to_thread(send_to_api_destination, step.destination, json.dumps(each), step.parameters)
            )
            for each in inputs
        ]

    async def _invoke_target(self, step: PipeStep, function: str, inputs: list[Any]) -> Any:
        if step.parameters.get("InvocationType") == FIRE_AND_FORGET:
            self._accept(function, json.dumps(inputs).encode())
            return {}
        answer = await self._invoke(function, inputs)
        has_failures = isinstance(answer, dict) and isinstance(answer.get("batchItemFailures"), list)
        return answer if has_failures else {}

    async def _invoke(self, function: str, inputs: list[Any]) -> Any:
        try:
            result = await self._invoker.invoke(function, json.dumps(inputs).encode())
        except SamrunError as error:
            raise PipeError(f"{function}: {error}") from error
        if result.function_error:
            raise PipeError(f"{function} failed ({result.error_type})")
        return _as_value(result.payload)


def _as_value(text: str | bytes) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return text if isinstance(text, str) else text.decode(errors="replace")

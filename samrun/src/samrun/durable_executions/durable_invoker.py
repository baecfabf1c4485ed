"""Invoker of durable functions: each invocation is an execution, which may take many invocations of the code."""

from samrun.durable_executions.executions import DurableExecutions, ExecutionError
from samrun.functions.invoker import InvocationOptions, InvocationResult, Invoker, check_request


class DurableInvoker:
    """An Invoker that starts executions of the durable functions, and invokes the others by `invoker`."""

    def __init__(self, invoker: Invoker, executions: DurableExecutions) -> None:
        self._invoker = invoker
        self._executions = executions

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        """Invoke a function, and wait for the result: for a durable one, until its execution ends."""
        if function not in self._executions.durable:
            return await self._invoker.invoke(function, payload, options)
        check_request(function, payload, self._executions.durable)
        options = options or InvocationOptions()
        try:
            arn = await self._executions.start(function, payload, options)
        except ExecutionError as error:
            return InvocationResult.of_error(error.code, str(error))
        return await self._executions.result(arn, options)

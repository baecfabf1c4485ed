"""Durable executions: functions with a DurableConfig, run by the local runner of AWS's own testing SDK.

- `local_runner` is that program, in a process of its own: it keeps the steps of each execution, and invokes its
  function again after each wait.
- `executions` starts an execution there, and waits for its result.
- `durable_invoker` starts an execution for each invocation of a durable function; other functions it just invokes.
- `durable_lambda_api` serves the operations of Lambda's API that durable functions and their callers use. What the
  runner itself invokes reaches the function.

The executions are in the runner's memory, and end with the stack.

Errors: `ExecutionError` is the answer to the caller of an invocation that starts no execution.
"""

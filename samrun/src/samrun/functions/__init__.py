"""Lambda on one machine: runs the functions of a template and serves Lambda's Invoke API for them.

The modules, in the order in which an invocation meets them:

- `invoke_api` is Lambda's HTTP API for callers outside the stack and for functions; `invocation_request` checks its
  requests. The gateway uses the protocol in `invoker` directly, and the pollers of mappings, queues and streams through
  `threaded_invocation`; `batch_item_failures` reads what all three get as a partial batch response, and `back_off` is
  the time between their attempts.
- `asynchronous_invoker` retries invocations whose callers need no result, such as those of schedules. It has
  `asynchronous_destinations` send the records of `asynchronous_record` about them.
- `function_runtime` is the protocol of what runs all functions of a template, and creates one of the two:
- `process_runtime` runs functions in processes of this machine. `deployment_package` unpacks those whose code is not a
  folder. `environment_pool` has the execution environments of one function, `execution_environment` is one process
  under AWS's runtime client, `runtime_api` is the API from which that client takes its invocations, `log_pipe` has what
  the process prints, `platform_log` Lambda's own log lines, with `invocation_metrics`. `debugger` has the process wait
  for a debugger, by a module of `in_function`. Inline code gets the module `cfnresponse`.
  `missing_package` says what to do about an import that fails.
- `remote_invoker` invokes functions that run elsewhere, for `samrun mappings run`.
- `sam_runtime` runs functions in containers, by the SAM CLI, which `sam_cli` starts. `unmarked_error` finds the errors
  of functions that the SAM CLI passes on like results.
- `disturbances` has a function fail, or be slow, throttled or timed out, on purpose.
- `invocation_log` remembers what every function got and returned.
- `secrets_extension` stands for AWS's parameters and secrets extension.
- `watcher` notices that the files of a function changed.

Errors: `SamError`, `PackageError` and `MissingDebuggerError` are UserErrors and reach the terminal.
`FunctionNotFoundError`, `PayloadTooLargeError`, `FunctionThrottledError` and `LambdaRequestError` are answers to the
caller of an invocation, and `DisturbanceError` to whoever asks for a disturbance that there is not.
`InitError` stays inside: callers get it as an InvocationResult, as they get every error of a function. An
`AsynchronousDestinationError` is reported, and with a `MalformedBatchResponseError` the whole batch is retried.
"""

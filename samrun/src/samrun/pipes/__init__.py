"""Pipes of EventBridge: each takes batches of a source, enriches the events, and sends them to a target.

- The poller of an event source mapping reads the source, and invokes the pipe in the place of a function.
- `pipe_invoker` does so: it makes the events of a batch (`pipe_events`), and passes them to the enrichment and to the
  target (`pipe_targets`), each as its input template says (`pipe_input`).

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html

Errors: `PipeError` fails the batch, which the mapping delivers again.
"""

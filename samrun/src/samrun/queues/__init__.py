"""SQS event source mapping of Lambda on one machine: reads a queue and invokes a function with batches of messages.

The modules, in the order in which a message meets them:

- `batch_receiver` receives the messages of a batch, and deletes those that no filter passes.
- `poller` invokes the function with batches, several at a time, and deletes the messages that are done. The others
  become visible again after the queue's visibility timeout; their redrive policy is the queue's own.
- `visibility` keeps them invisible while the function is debugged.
- `events` creates the event of a batch.
- `partial_response` reads which messages failed.

Errors: `MalformedBatchResponseError` stays inside: the messages of the batch are retried.
"""

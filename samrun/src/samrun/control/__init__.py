"""Control of a stack that runs, for tests: what its functions got and returned, whether it is idle, and a reset.

`stack_parts` has the parts of the stack that the rest looks at, and `answers` waits for what the threads of mappings
say; `mapping_lag` is how far one is behind. `idleness` tells what the parts still have to do, and `reset` takes it
away, together with the data that they left. `metrics` counts what happens. `control_api` serves all of this beside the
console; its client is `testing.stack_client`.

Errors: `ResetRefusedError`: the stack uses services that it does not own (409). `ResetFailedError`: a mapping has no
connection to Kafka, Kafka refuses to delete records, or an invocation does not end (503).
"""

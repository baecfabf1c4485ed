"""Test support: what a project needs to test its application on samrun, with any test framework.

`samrun.testing.plugin`: the fixture `samrun` of pytest, a stack that is reset before each test. pytest finds it.
`samrun.testing.stack`: `RunningStack`, a stack in a process of its own, on free ports.
`samrun.testing.stack_client`: `StackClient`, what a test sends to a stack, waits for, and finds in it.
`samrun.testing.completed_invocation`: `CompletedInvocation` of a function, `samrun.testing.received_mail`:
`ReceivedMail`, `samrun.testing.received_text_message`: `ReceivedTextMessage`, and `samrun.testing.received_message`:
`ReceivedMessage` of a queue, as tests see them.
`samrun.testing.broker`: `Broker`, an Apache Kafka that a test may stop, kill, freeze and start again.
`samrun.testing.proxy`: `Proxy`, between a client and that broker: it delays and loses answers, and cuts connections.
`samrun.testing.dynamodb`: `Database`, a DynamoDB Local that a test may stop and freeze; `Table`, to read one.
`samrun.testing.aws`: `client`, a boto3 client of something local; `LocalAws`, the local AWS without a stack.
`samrun.testing.killable_service`: `KillableService`, what `Broker`, `Database` and `LocalAws` have in common.
`samrun.testing.listeners`: listeners of a broker with TLS and passwords.
`samrun.testing.mapping`: `Batch` and the rest, to invoke a function as a mapping does, and to discard a batch.
`samrun.testing.mapping_process`: `samrun mappings run` in a process, for functions that run elsewhere.
`samrun.testing.kafka_records`: records, batches and a mapping with plain values.
`samrun.testing.in_process_api`: an HTTP API in front of handlers in this process, as an ASGI application.
`samrun.testing.templates`: a template's parameters, its translation and its resolved values.
`samrun.testing.services`: the versions and addresses of the services that a stack starts.
`samrun.testing.fixtures`: fixtures of pytest for brokers; only this module and the plugin need pytest.
`samrun.testing.processes`: a free port, and a process that ends with its parent.
`samrun.testing.waiting`: `eventually`, which waits until something is true.

`pip install samrun[testing]` adds the packages that these modules need beyond those of samrun.
"""

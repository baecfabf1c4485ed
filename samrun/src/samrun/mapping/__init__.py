"""Kafka event source mapping of Lambda on one machine: reads a topic and invokes a function with batches of records.

The modules, in the order in which a record meets them:

- `authentication` reads the secrets with which a mapping authenticates.
- `group_member` is the client of Kafka: it joins the group, reads `records`, and commits offsets. `client_errors` has
  the words for its errors, `client_records` makes the records of its messages, and `partition_leader` repeats a
  question that a broker will soon be able to answer.
- `membership` runs it in a thread of its own, and passes its records and rebalances on.
- `record_filter` lets records pass, or not.
- `dispatcher` decides in another thread what is delivered, paused and committed. It has `partitions`, each with a
  `partition_queue`. `batcher` takes a `batch` from them, which knows the event that Lambda makes of it.
- `schema_validator` validates the records of a batch by the schemas of a registry, and makes JSON of them.
- `delivery` is a batch on its way, with its attempts; each one in flight has a thread.
- `batch_processor` decides what happens to each record of a batch: done, retried or discarded.
  `delivery_observer` notes it, for metrics.
- `batch_sender` invokes the function, and `partial_response` reads which records failed.
- `poller` puts all of this together for one mapping, and connects again if the brokers refuse it.
- `discarded_batch` is a batch without attempts left. `on_failure_destination` sends it to S3, SQS or SNS, and
  `kafka_destination` its records to a topic of Kafka.

Offsets: a `partition_queue` knows the offset before which everything is done, and `partitions` which of these are not
committed yet. `dispatcher` orders their commit, `membership` makes one commit at a time, and `group_member` carries it
out.

`record_finder` is for `samrun generate-event`: it finds a single record of a topic, at its `record_position`, by a
`topic_reader`. That and `administration.record_follower` read by a `record_consumer`, which belongs to no group.

Errors: `NoRecordError` (a UserError, which reaches the terminal), `AuthenticationError` (the poller reports it and
retries), `BrokerRefusalError` and `TopicNotFoundError` (likewise), `DestinationError` (the batch is lost, as in
Lambda), and `MalformedBatchResponseError` (the whole batch is retried).
"""

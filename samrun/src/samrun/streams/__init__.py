"""Event source mapping of Lambda for streams of DynamoDB and Kinesis: invokes a function with batches of records.

The modules, in the order in which a record meets them:

- `stream_source` is the protocol of a stream; `dynamodb_stream` and `kinesis_stream` are the two kinds, of which
  `sources` chooses.
- `poller` reads the stream, and the one that takes its place if it is made again.
- `stream_reading` finds the shards of a stream, and starts a `shard_reader` for each when its parent is read.
- `shard_record_processor` invokes the function with a batch until every record of it is done or discarded.
- `partial_response` reads which record failed first.
- `on_failure` sends the metadata of discarded records to a queue or a topic, and the records to a bucket.
- `table_copy` takes the place of a function: it puts the changes of a table into a stream of Kinesis.
- `checkpoints` keeps on disk how far the stream of a table is read.

Errors: `MalformedBatchResponseError` stays inside: the whole batch is retried.
"""

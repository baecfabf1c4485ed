"""Administration of a stack that runs, or of any Kafka, for the commands of the command line.

Kafka: `kafka_connection` says how to reach the brokers, with `listener_credentials` where a listener asks for them.
`partition_offsets` asks for the offsets of partitions, of which an `offset_choice` names one: the earliest, the latest,
that of a time or a number. `topic_admin` lists, creates, grows and deletes topics; `group_admin` knows what groups
committed, and changes it; `lag_history` samples how far they are behind. `record_producer` sends records,
`record_follower` reads them as they come, and `record_search` looks back for them; `record_text` has their form in
JSON.

Lambda: `lambda_client` is the client of the stack's own API, with which functions are invoked. `mapping_admin` lists,
pauses, resumes and resets the event source mappings. `stack_functions` finds a function by each of its names.

The machine: `log_reader` reads what the functions logged, and `machine_checks` finds what keeps a stack from starting.

Errors: TopicError, GroupError, RecordLineError, NoFunctionsError, InvocationFailedError, LambdaRefusalError,
MappingNotFoundError, ResetError and NoLogError. All are UserErrors.
"""

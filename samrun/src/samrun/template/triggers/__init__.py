"""Triggers of a template's functions by events, queues, streams and time.

`kafka_mappings`, `queue_triggers` and `stream_triggers` read the mappings of `event_source_mappings`, with
`mapping_properties`, which all have, `mapping_limits` and `kafka_limits`, which say what AWS refuses, and
`schema_registries`. `notifications` reads those of topics and buckets, `event_rules` the rules of EventBridge with a
pattern, `mail_event_destinations` where SES's events go, and `schedules` the rules with a time
(`schedule_expressions`); `target_inputs` reads what their targets get. `event_queue_names` names the runner's own
queues for them. `declared_topics` reads the topics of Kafka, `custom_resources` the resources that functions make,
`state_machines` the machines that call functions, and `table_copies` the tables whose changes go to Kinesis.
`event_pipes` reads the pipes of EventBridge, with their `pipe_sources` and `pipe_steps`, and `api_destinations` the
endpoints to which pipes and rules send. `receipt_rules` reads what becomes of received mails.
"""

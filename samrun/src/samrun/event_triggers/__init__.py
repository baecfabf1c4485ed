"""Event triggers: invokes functions with what topics, buckets and event buses send to them.

The local AWS runs no function. It sends what is for one to an event queue (samrun.template.triggers.event_queue_names).

- `queue_reader` takes the messages from such a queue.
- `notify` invokes a function with the messages of a topic or a bucket, of which `sns_events` and `s3_events` make the
  events that a function gets.
- `event_bus` finds the rules that an event matches, and sends it to their targets, each with its `target_input`;
  `destination_request` sends it to an API destination, and `dead_letters` what a target cannot get to its
  dead-letter queue.
- `topic_messages` keeps what a topic sends to a mail address or a phone number.
- `mail_receiver` does what SES's receipt rules say with the mails that the local SES sends; `mail_receipt_events` makes
  the events.

The functions are invoked asynchronously: nobody waits for the result, and errors are retried.

Errors: `TransformError` and `ApiDestinationError` are reported, and the event does not reach that target.
"""

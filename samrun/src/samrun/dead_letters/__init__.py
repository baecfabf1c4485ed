"""Dead letters of an application: the events and records that could not be delivered, wherever they are kept.

`locations` finds the queues, buckets and topics that get dead letters in the application. `queue_place`, `bucket_place`
and `topic_place` list and delete what is in one. `reading` makes a `dead_letter` of each message, whatever sent it
there. `replay` delivers one again, and `replayed_records` makes the event of its records.

Errors: `DeadLetterError` (a UserError): a dead letter is not there, or cannot be deleted or replayed.
"""

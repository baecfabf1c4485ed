"""Journal of a stack: what samrun itself saw of requests and deliveries, in memory and bounded.

`journal` keeps the entries that `entries` defines. `delivery_recorder` writes what a Kafka mapping does with its
records, and `seen_invocation` reads the event of an invocation. The invocations are in `functions.invocation_log`, the
mails in `services.mail_store`, the text messages in `services.text_message_store`. Trace ids, request ids and offsets
join them.
"""

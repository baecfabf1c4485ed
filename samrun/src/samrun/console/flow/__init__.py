"""View Flow of the console. `pages` has its routes.

`flow_index` joins what the journal has with the `waiting_records` of the mappings, and `timeline_builder` puts one flow
into its order, a `timeline` of `steps`; `mail_reader` reads the mails for it, and `message_owners` tells which record
of a batch a message is about.
`sample_requests` are the pages of the form that sends requests: `api_operations` reads the OpenAPI documents, whose
examples `schema_examples` finds, `body_fields` makes fields of an example, and `sample_sender` sends it.
"""

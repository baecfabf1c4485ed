"""Model of an application: what a template declares, as plain values without intrinsic functions.

`application` is the whole, with its `functions`, `http_apis`, `rest_apis` (with `authorizers`), `kafka_mappings`,
`kafka_topics`, `mail_receipts`, `pipes` and `triggers`. `account` has the number of the account.
"""

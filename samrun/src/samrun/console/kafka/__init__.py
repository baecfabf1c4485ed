"""View Kafka of the console: topics and their lag, records, and a form to publish one.

`pages` has the routes. `cluster` asks the brokers, `lag_chart` draws what a history of lag has, and `record_view` says
what a page shows of a record. `publishing` makes a record of a form, which begins with one of the `sample_records`.

Errors: `PlaceError` and `PublishingError` (UserErrors) are shown on the page that asked.
"""

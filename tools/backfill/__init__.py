"""Tool that publishes the events of stored orders to a topic of their own: `python -m tools.backfill TOPIC`.

For a consumer that needs events which order-events no longer keeps. In the order of a run: `__main__` reads the command
line by `arguments`. `order_source` finds the table and the brokers of a stack. `order_pages` reads the orders page by
page, `selection` chooses their events, and `publishing` sends them at a rate. `checkpoint` keeps the place after each
page, so that a run that was killed goes on from there. `progress_report` tells people about it. `event_count` is the
dry run. `errors` are those that people read. docs/replay.md leads through it.
"""

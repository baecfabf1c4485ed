"""Tool that erases a customer's personal data: `python -m tools.erase_customer --customer-id ID [--dry-run]`.

In the order of a run: `__main__` reads the command line. `locations` finds the table, the queues and the bucket of a
stack. `customer_orders` reads the customer's orders and writes them as `erased_order` says. `customer_dead_letters` and
`feedback_reports` remove the records and SES's reports about these orders. docs/privacy.md says what stays, and why.
"""

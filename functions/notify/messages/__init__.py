"""The messages: templates rendered in the customer's language."""

"""The notify function: tells customers of the events of their orders."""

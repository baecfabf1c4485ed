"""Looks after what was set aside: `python -m tools.deadletters list|show|replay`."""

"""Tool for the dead letters of notify: `python -m tools.deadletters list|show|replay`.

In the order of a run: `__main__` reads the command line. `locations` finds the queue, the bucket and the function of a
stack. `dead_letter_queue` and `on_failure_bucket` read the dead letters, `dead_letter_store` combines both, and
`dead_letter` describes one. `replay` sends one to the function again.
"""

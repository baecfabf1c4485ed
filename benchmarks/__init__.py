"""What was measured, and how to measure it again: each module is run by `python -m benchmarks.<name>`."""

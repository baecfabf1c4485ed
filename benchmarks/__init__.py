"""Benchmarks: `python -m benchmarks.<name>` runs each module; docs/performance.md has the figures."""

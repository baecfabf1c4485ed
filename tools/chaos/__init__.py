"""Chaos: the whole local stack under load, disturbed as a seed says, and then compared with what its clients were told.

`python -m tools.chaos` runs it. The checker's rules are in checker.py.
"""

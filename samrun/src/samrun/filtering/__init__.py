"""Filter patterns: which records reach a function, and which events match a rule of EventBridge.

`filter_pattern` reads a pattern, refuses what AWS refuses, and matches values with it; `operators` has the comparison
operators.
"""

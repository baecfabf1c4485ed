"""Filter patterns: which records reach a function, and which events match a rule of EventBridge.

`filter_pattern` reads a pattern, refuses what AWS refuses, and matches events with it; `operators` has the comparison
operators, and `leaves` the values of an event that they compare.
"""

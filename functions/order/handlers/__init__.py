"""Lambda's entry points: parse, call, map errors, answer."""

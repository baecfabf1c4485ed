"""Lambda's entry points: parse, call, answer."""

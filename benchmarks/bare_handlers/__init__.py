"""Bare handlers: a function with the clients of one of ours and nothing else, for comparison."""

"""Contract of events/ and examples/*/events/: it stays compatible with what was published, and with its consumers.

`compatibility` compares two versions of one schema, by the rules of `rules`. `schemas` reads the files of events/,
`consumers` those in which consumers declare what they read. `check` puts them together.
"""

"""Contract of events/, and of examples/*/events/: each event's schema, and what its consumers read.

Schemas stay compatible with what was published, and keep the fields that consumers read.

`compatibility` compares two versions of one schema, by the rules of `rules`. `schemas` reads their files,
`consumers` those in which consumers declare what they read. `check` puts them together.
"""

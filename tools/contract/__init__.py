"""Contract of events/: schemas stay compatible with what was published, and keep the fields that consumers read.

`compatibility` compares two versions of one schema, by the rules of `rules`. `schemas` reads the files of events/,
`consumers` those in which consumers declare what they read. `check` puts them together.
"""

"""Contract of events/, and of the services' own folders events/: each event's schema, and what its consumers read.

Schemas stay compatible with what was published, and keep the fields that consumers read. Two events never share an id.

`compatibility` compares two versions of one schema, by the rules of `rules`. `schemas` reads their files,
`consumers` those in which consumers declare what they read, and `event_ids` the samples. `check` puts them together.
"""

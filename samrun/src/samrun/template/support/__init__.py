"""Tables of what the runner supports: the loader decides by them, and samrun/docs/support.md is written from them.

`levels` are the levels of support. `resource_types` has a table of types, `event_sources` one of triggers,
`properties`, `api_properties` and `created_properties` those of properties, and `nested_names` the names inside these.
`mapping_sources` finds the event source of a mapping, `transforms` the macros that are not run, and `model_limits` the
values that AWS refuses.
"""

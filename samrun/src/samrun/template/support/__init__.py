"""Tables of what the runner supports: the loader decides by them, and samrun/docs/support.md is written from them.

`levels` are the levels of support. `resource_types` has a table of types, `event_sources` one of triggers, `properties`
and `api_properties` those of properties.
"""

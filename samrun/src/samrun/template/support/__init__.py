"""Tables of what the runner supports, by which the loader decides, and from which samrun's README is written.

`levels` are the levels of support. `resource_types` has a table of types, `event_sources` one of triggers, `properties`
and `api_properties` those of properties.
"""

"""Scaffold of `samrun new`: writes a service that works, with its template and its tests.

`services` has the files of a consumer and of a producer, `names` checks their names, `samples` finds the sample events,
`kafka_event` is the event of a mapping for them, `rendered_files` renders the templates, and `service_folder` writes
the files.
"""

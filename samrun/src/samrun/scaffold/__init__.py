"""Scaffold of `samrun new`: writes a service that works, with its template and its tests.

`services` generates the files of one, `names` checks its names, `samples` finds the sample events, `kafka_event` is the
event of a mapping for them, `rendered_files` renders their templates, and `service_folder` writes them.
"""

"""Schedules of a template, as EventBridge rules and EventBridge Scheduler run them.

- `due` says when a schedule is due next.
- `scheduler` waits for that time and invokes the function asynchronously.
- `events` creates the event that the function gets.
"""

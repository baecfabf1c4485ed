"""Schedules of a template, as EventBridge and EventBridge Scheduler run them."""

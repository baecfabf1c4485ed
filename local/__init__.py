"""Runs any SAM template of functions, HTTP APIs and Kafka mappings on one machine."""

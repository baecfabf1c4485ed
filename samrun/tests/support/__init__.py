"""Helpers of the test modules: the local AWS, records and batches, functions and schedules, a disturbed stack."""

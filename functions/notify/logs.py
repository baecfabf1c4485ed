"""Logger of notify, the same in all modules."""

from aws_lambda_powertools import Logger

# `stack_trace` is ours: Powertools' own would contain the error's message, which could quote a record.
logger = Logger(serialize_stacktrace=False)

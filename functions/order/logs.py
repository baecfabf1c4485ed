"""Log of the order function: names orders, and nothing about any person."""

from aws_lambda_powertools import Logger

# `stack_trace` is ours: Powertools' own would contain the error's message, which could quote the order.
logger = Logger(serialize_stacktrace=False)

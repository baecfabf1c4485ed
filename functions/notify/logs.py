"""Logger of notify, the same in all modules, and what libraries may log: no line names a person."""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger

# At DEBUG these log whole mails or events. They must not, whatever the level of the function is.
for library in ("aws_lambda_powertools", "boto3", "botocore", "urllib3"):
    logging.getLogger(library).setLevel(logging.WARNING)

# `stack_trace` is ours: Powertools' own would contain the error's message, which could quote a record. Lambda reads
# the level of a line only if its timestamp has the form of RFC 3339, and Powertools' own has another.
logger = Logger(serialize_stacktrace=False, use_rfc3339=True)

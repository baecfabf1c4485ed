"""Logger of the service, the same in all modules, and what libraries may log: lines name orders, and no person."""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger

# At lower levels it logs every connection and attempt.
logging.getLogger("kafka").setLevel(logging.ERROR)
# At DEBUG they log whole requests, which contain customers.
for library in ("aws_lambda_powertools", "boto3", "botocore", "urllib3"):
    logging.getLogger(library).setLevel(logging.WARNING)

# Without Powertools' stack trace: it contains the error's message, which could quote an event.
logger = Logger(serialize_stacktrace=False, use_rfc3339=True)

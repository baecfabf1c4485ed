"""Logger of order and relay, the same in all modules, and what libraries may log: lines name orders, and no person."""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger

# At lower levels, it logs every connection and every attempt. At DEBUG it logs whole requests: that of SASL/PLAIN
# contains the password.
logging.getLogger("kafka").setLevel(logging.ERROR)
# At DEBUG they log whole requests, which contain customers. They must not, whatever the level of the function is.
for library in ("aws_lambda_powertools", "boto3", "botocore", "urllib3"):
    logging.getLogger(library).setLevel(logging.WARNING)

# `stack_trace` is ours: Powertools' own would contain the error's message, which could quote the order. Lambda reads
# the level of a line only if its timestamp has the form of RFC 3339, and Powertools' own has another.
logger = Logger(serialize_stacktrace=False, use_rfc3339=True)

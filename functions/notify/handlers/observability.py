"""Logs and traces of the entry points: what happened to which notification, and nothing about any person."""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger
from aws_lambda_powertools.tracing import Tracer

logger = Logger()
# At DEBUG they log whole mails, events or traces, which must not be, whatever the level of the function is.
for library in ("aws_lambda_powertools", "aws_xray_sdk", "boto3", "botocore", "urllib3"):
    logging.getLogger(library).setLevel(logging.WARNING)

# Clients that X-Ray's SDK has patched put the messages of errors into the trace, and SES's name the recipient.
tracer = Tracer(auto_patch=False)

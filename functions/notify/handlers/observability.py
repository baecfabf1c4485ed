"""Traces of the entry points, and what libraries may log: they name notifications, and no person."""

from __future__ import annotations

import logging

from aws_lambda_powertools.tracing import Tracer

# At DEBUG these log whole mails, events or traces. They must not, whatever the level of the function is.
for library in ("aws_lambda_powertools", "aws_xray_sdk", "boto3", "botocore", "urllib3"):
    logging.getLogger(library).setLevel(logging.WARNING)

# Clients that X-Ray's SDK patches put the messages of errors into the trace, and SES's messages name the recipient.
tracer = Tracer(auto_patch=False)

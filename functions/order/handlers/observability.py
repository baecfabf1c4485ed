"""Metrics and traces of both entry points, and what libraries may log."""

from __future__ import annotations

import logging
import warnings

from aws_lambda_powertools import Metrics, Tracer

# At lower levels, it logs every connection and every attempt. At DEBUG it logs whole requests: that of SASL/PLAIN
# contains the password.
logging.getLogger("kafka").setLevel(logging.ERROR)
# At DEBUG they log whole requests, which contain customers. They must not, whatever the level of the function is.
for library in ("aws_lambda_powertools", "aws_xray_sdk", "boto3", "botocore", "urllib3"):
    logging.getLogger(library).setLevel(logging.WARNING)
# Requests that only read add no metric, and that is no mistake.
warnings.filterwarnings("ignore", "No application metrics to publish")

metrics = Metrics()
# Clients that X-Ray's SDK has patched put the messages of errors into the trace.
tracer = Tracer(auto_patch=False)

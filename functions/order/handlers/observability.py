"""Logs, metrics and traces of both entry points: what happened to which order, and nothing about any person."""

from __future__ import annotations

import logging
import warnings

from aws_lambda_powertools import Logger, Metrics, Tracer

# Below, it tells of every connection and every try.
logging.getLogger("kafka").setLevel(logging.ERROR)
# At DEBUG they log whole requests, which hold customers: they must not, whatever the level of the function is.
for library in ("aws_lambda_powertools", "aws_xray_sdk", "boto3", "botocore", "urllib3"):
    logging.getLogger(library).setLevel(logging.WARNING)
# Reading orders counts nothing, and that is no mistake.
warnings.filterwarnings("ignore", "No application metrics to publish")

logger = Logger()
metrics = Metrics()
# Clients that X-Ray's SDK has patched put the messages of errors into the trace.
tracer = Tracer(auto_patch=False)

"""Metrics of both entry points."""

from __future__ import annotations

import warnings

from aws_lambda_powertools import Metrics

# Requests that only read add no metric, and that is no mistake.
warnings.filterwarnings("ignore", "No application metrics to publish")

metrics = Metrics()

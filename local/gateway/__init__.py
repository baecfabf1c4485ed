"""API Gateway's HTTP API on one machine: requests become payload 2.0 events, answers become responses."""

from local.gateway.app import Access, gateway

__all__ = ["Access", "gateway"]

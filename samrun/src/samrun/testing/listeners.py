"""Listeners with TLS and passwords, for `Broker(listeners=…)`."""

from samrun.services.kafka import Listener
from samrun.services.kafka_tls import ca_certificate, client_certificate, mutual_tls, scram, set_password, tls

__all__ = ["Listener", "ca_certificate", "client_certificate", "mutual_tls", "scram", "set_password", "tls"]

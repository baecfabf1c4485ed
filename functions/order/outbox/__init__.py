"""Transactional outbox: the events that are not yet published, and the relay that publishes them."""

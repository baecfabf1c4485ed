"""Order function: records a paid order and publishes its events."""

"""The order function: records a paid order and produces its event."""

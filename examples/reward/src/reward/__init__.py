"""Reward: grants points for each paid order, and says so on a topic of its own.

Two functions of Lambda, each in a module with its handler: `consumer` reads the order events and grants the points, and
`relay` publishes what the consumer could not. `events` has what is read and what is published. `rewards` has the
points, and `outbox` the events that Kafka has not acknowledged yet; `kafka_publisher` sends them. `logs` has the
logger.
"""

"""Shipment: sends off what was paid, unless the order is cancelled before, and says so on a topic of its own.

Three functions of Lambda, each in a module with its handler: `consumer` reads the order events, `dispatcher` gets each
shipment after DispatchDelay, and `relay` publishes what the dispatcher could not. `events` has what is read and what is
published. `shipments` has the states of a shipment, and `outbox` the events that Kafka has not acknowledged yet;
`kafka_publisher` sends them. `logs` has the logger.
"""

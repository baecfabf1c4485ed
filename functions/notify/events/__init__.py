"""Events for notify: reads the records of a Kafka event source mapping, and the orders' events in them."""

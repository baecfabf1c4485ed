"""View Kafka of the console. `pages` has its routes."""

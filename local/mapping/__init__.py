"""Lambda's Kafka event source mapping on one machine: reads topics and invokes functions with batches."""

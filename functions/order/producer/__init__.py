"""Kafka producer: its connection, its authentication and its budget. A folder named kafka would hide the library."""

"""Orders and their rules: no boto3, no Kafka, no Powertools."""

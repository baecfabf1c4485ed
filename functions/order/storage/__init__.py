"""Orders in DynamoDB."""

"""Mail by SES and text messages by SNS: rate limited, behind a circuit breaker."""

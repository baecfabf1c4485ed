"""Notifications and the rules of their sends: no boto3, no Powertools."""

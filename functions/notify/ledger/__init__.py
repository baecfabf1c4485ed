"""The notifications table: which notification is claimed, sent or given up."""

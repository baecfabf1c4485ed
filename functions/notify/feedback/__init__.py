"""Feedback: the reports of SES about mails that it has accepted."""

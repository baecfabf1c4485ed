"""The notify function: sends customers a notification for each event of their orders."""

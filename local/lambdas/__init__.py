"""Lambda on one machine: functions in processes of their own, under AWS's runtime client."""

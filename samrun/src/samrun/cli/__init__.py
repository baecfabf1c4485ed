"""The command line: its options, its commands and what it prints."""

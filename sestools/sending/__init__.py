"""Sending mail with a known outcome for each message."""

"""Texts, exceptions, logs and transcripts, read into symptoms."""

"""Probes: each looks at one layer and says what it saw. They observe and never judge."""

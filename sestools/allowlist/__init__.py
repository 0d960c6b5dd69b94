"""The endpoint's addresses over time, and firewall rules."""

"""What is known about SES: causes, their sources, and what clients print."""

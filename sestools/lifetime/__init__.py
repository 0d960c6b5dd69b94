"""How long connections live, and when to replace them."""

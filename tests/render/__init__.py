"""How documents are shown."""

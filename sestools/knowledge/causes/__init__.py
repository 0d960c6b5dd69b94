"""The causes, one module for each group."""

"""The nouns of the package, and rules that need no I/O."""

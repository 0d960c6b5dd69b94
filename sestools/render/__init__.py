"""Documents as terminal text, Markdown and HTML."""

"""What a symptom means: who spoke, which cause, and what to do."""

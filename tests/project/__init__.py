"""Tests of the project itself: what it installs, what imports what, how long things are."""

"""Several probes together: one verdict."""

"""Real networks of the kernel: namespaces joined by virtual cables, with a router between."""

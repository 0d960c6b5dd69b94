"""Mail servers that nobody here wrote, for the probes to be measured against."""

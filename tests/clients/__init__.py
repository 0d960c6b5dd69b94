"""Real clients that nobody here wrote, sending through the simulator."""

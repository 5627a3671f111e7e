"""The scheduler: time, and everything that waits for it."""

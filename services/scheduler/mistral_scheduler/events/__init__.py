"""Events from elsewhere: heard, stored, and turned into starts. What they mean is decided in the core."""

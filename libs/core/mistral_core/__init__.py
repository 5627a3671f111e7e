"""The workflow language and the pure state machine that runs it."""

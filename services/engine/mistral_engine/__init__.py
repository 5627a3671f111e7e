"""The engine: owns running executions and decides what happens next."""

"""What happens right now: the events of the bus, handed to whoever waits for an execution or watches one.

Postgres remains the truth: a lost message delays a waiter or a watcher by a second at most, and never stops one.
"""

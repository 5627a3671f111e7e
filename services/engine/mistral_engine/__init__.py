"""The engine: owns running executions, applies events to them and decides what happens next.

It is the only writer of execution state. It never runs an action and never speaks HTTP.
"""

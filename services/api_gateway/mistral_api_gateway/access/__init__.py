"""Who asks, found out from what a request brings, and whether anybody may reach the gateway without saying so.

Nothing here knows what the operations do; they get a ``Caller`` and decide by it.
"""

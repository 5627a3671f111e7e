"""What happens elsewhere, purely: what a message says, whether a trigger waits for it, and what is to be done then.

Nothing here listens, stores or starts. What needs a clock or a new id gets it as an argument.
"""

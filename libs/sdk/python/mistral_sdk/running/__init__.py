"""A worker at work: the stream, what it has in hand, what is to be said, and the handlers. Not for import by users."""

"""Applications that run actions and are called over HTTP: each is a worker whose hands are here."""

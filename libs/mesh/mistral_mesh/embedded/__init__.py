"""Postgres and NATS out of pinned wheels: real servers without an installation."""

"""The embedded default: Postgres and NATS from wheels, and a supervisor for the services."""

"""Postgres: pool, migrations and the SQL of each table family."""

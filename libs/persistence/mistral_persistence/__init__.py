"""Postgres, the truth of the mesh: the pool, the migrations and the SQL of each table family.

Each module owns the SQL of one family of tables and says what it is for. Nothing here knows gRPC or the bus.
"""

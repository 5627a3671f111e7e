"""What the gateway can do, apart from how it is asked: REST and gRPC are two faces of these functions.

Writes of running things go to the engine, definitions and reads go to Postgres. Nothing here knows HTTP or gRPC
statuses; errors are those of ``mistral_core.errors``.
"""

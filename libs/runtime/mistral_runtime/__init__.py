"""What every service needs to run: gRPC, bus, settings, logs, telemetry."""

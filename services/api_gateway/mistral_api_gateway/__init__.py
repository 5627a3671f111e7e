"""The gateway: REST, public gRPC and live streams."""

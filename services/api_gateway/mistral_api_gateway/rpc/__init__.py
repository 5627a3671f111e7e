"""The public gRPC API ``mistral.v1``: requests taken apart, operations called, answers put together."""

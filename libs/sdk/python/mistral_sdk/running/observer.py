"""What else may be told of runs, for metrics and tests."""

from mistral_sdk.stubs import worker_pb2


class Observer:
    """Derive from it and override what is of interest. Called from threads of the SDK: be quick, and do not raise."""

    def connected(self, session: str, executor: str) -> None:
        """A session has begun."""

    def disconnected(self, reason: str) -> None:
        """A session has ended."""

    def received(self, assignment: worker_pb2.Assignment) -> None:
        """A run has arrived; nothing was said of it yet."""

    def ended(self, assignment: worker_pb2.Assignment, result: worker_pb2.AssignmentResult) -> None:
        """A handler is done."""

    def sent(self, result: worker_pb2.AssignmentResult) -> None:
        """A result was handed to the network; it may be sent more than once."""

    def recorded(self, token: str) -> None:
        """A result is safe."""

    def rejected(self, token: str, reason: str) -> None:
        """A run is not the worker's any more."""

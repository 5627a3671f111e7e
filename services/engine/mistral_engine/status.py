"""What an engine says of itself."""

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral_engine.calls import Calls


def status_of(name: str, calls: Calls) -> pb.GetStatusResponse:
    """Return the figures of this engine since it started, and what it has in hand."""
    lanes = calls.lanes
    return pb.GetStatusResponse(
        name=name,
        partitions=calls.ownership.partitions,
        hot_executions=sum(len(lane.hot) for lane in lanes),
        events=sum(lane.events for lane in lanes),
        commits=sum(lane.commits for lane in lanes),
        messages=calls.outgoing.messages,
        waiting=sum(len(lane.inbox) for lane in lanes),
    )

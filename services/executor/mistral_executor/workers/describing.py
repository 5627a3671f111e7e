"""What a worker says of itself, checked before anything is done with it."""

from __future__ import annotations

from typing import Final

from mistral.v1 import worker_pb2
from mistral_core.errors import InvalidInput
from mistral_executor.workers.schema import LARGEST_SCHEMA_BYTES, compiled

LONGEST_NAME: Final = 255
_MOST: Final = {"actions": 1000, "queues": 64, "namespaces": 1000, "labels": 64}
_MOST_OFFERS: Final = 4000
_LONGEST_TEXT: Final = 64 * 1024
_TAKEN: Final = "std."


def check(worker: worker_pb2.WorkerDescription) -> None:
    """Raise InvalidInput that names the field, unless a worker can be such."""
    _name(worker.id, "worker.id", empty=False)
    _name(worker.instance, "worker.instance", empty=False)
    _name(worker.sdk, "worker.sdk")
    _name(worker.sdk_version, "worker.sdk_version")
    for field, most in _MOST.items():
        if len(getattr(worker, field)) > most:
            raise InvalidInput(f"a worker has at most {most} {field}", field=f"worker.{field}")
    if len(worker.actions) * max(1, len(worker.queues)) > _MOST_OFFERS:
        raise InvalidInput(f"a worker has at most {_MOST_OFFERS} pairs of queue and action", field="worker.actions")
    for index, queue in enumerate(worker.queues):
        _name(queue, f"worker.queues[{index}]", empty=False)
    for index, namespace in enumerate(worker.namespaces):
        _name(namespace, f"worker.namespaces[{index}]")
    for name, value in worker.labels.items():
        _name(name, "worker.labels", empty=False)
        _name(value, f"worker.labels[{name}]")
    _actions(worker)


def _actions(worker: worker_pb2.WorkerDescription) -> None:
    names: set[str] = set()
    for index, offer in enumerate(worker.actions):
        field = f"worker.actions[{index}]"
        _name(offer.name, f"{field}.name", empty=False)
        if offer.name.startswith(_TAKEN):
            raise InvalidInput(f"'{offer.name}': names that begin with '{_TAKEN}' are taken", field=f"{field}.name")
        if offer.name in names:
            raise InvalidInput(f"'{offer.name}' is offered twice", field=f"{field}.name")
        names.add(offer.name)
        if offer.concurrency < 0:
            raise InvalidInput("a concurrency is not negative", field=f"{field}.concurrency")
        _texts(offer, field)


def _texts(offer: worker_pb2.ActionOffer, field: str) -> None:
    if len(offer.description) > _LONGEST_TEXT:
        raise InvalidInput(
            f"a description has at most {_LONGEST_TEXT} characters, not {len(offer.description)}",
            field=f"{field}.description",
        )
    if len(offer.output_schema) > LARGEST_SCHEMA_BYTES:
        raise InvalidInput(
            f"an output schema has at most {LARGEST_SCHEMA_BYTES} characters", field=f"{field}.output_schema"
        )
    try:
        compiled(offer.input_schema)
    except InvalidInput as error:
        raise InvalidInput(f"action '{offer.name}': {error}", field=f"{field}.input_schema") from None


def _name(name: str, field: str, *, empty: bool = True) -> None:
    if not name and not empty:
        raise InvalidInput(f"{field}: a name is needed", field=field)
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"{field}: a name has at most {LONGEST_NAME} characters, not {len(name)}", field=field)
    if "\0" in name:
        raise InvalidInput(f"{field}: a name has no NUL", field=field)

"""Temporary workers as Jobs of Kubernetes, one each: made and removed over the API of the cluster.

A Job's name is made of the worker's id, so one that is made twice is one. Its pod is not tried again by the cluster:
whether another worker is needed is decided here.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

import httpx

from mistral_core.fleet_templates import KubernetesTemplate
from mistral_scheduler.fleets.cluster import Cluster
from mistral_scheduler.fleets.driver import CannotStart, Ended, NewWorker

_log = logging.getLogger(__name__)

LABEL: Final = "mistral-mesh.io/fleet-worker"
# The cluster removes what we forgot.
_KEPT_SECONDS: Final = 3600
_GRACE_SECONDS: Final = 30
_CONFLICT: Final = 409
_GONE: Final = 404
_NAME: Final = "mistral-worker-"


class Jobs:
    """Makes and removes Jobs."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def start(self, worker: NewWorker) -> str:
        template = worker.template
        if not isinstance(template, KubernetesTemplate):
            raise CannotStart("The template is none of a Job")
        namespace = template.namespace or self._cluster.namespace
        try:
            answer = await self._cluster.request("POST", _jobs(namespace), json=job(worker, template, namespace))
        except httpx.HTTPError as error:
            raise CannotStart(f"The cluster cannot be reached: {error.__class__.__name__}") from None
        if answer.status_code != _CONFLICT and answer.is_error:
            raise CannotStart(f"The cluster refuses the Job: {answer.status_code}: {_message(answer)}")
        return f"{namespace}/{_NAME}{worker.id}"

    async def stop(self, worker_id: str, handle: str, grace_seconds: float) -> None:
        namespace, _, name = handle.partition("/")
        options = {"propagationPolicy": "Background", "gracePeriodSeconds": int(grace_seconds)}
        try:
            answer = await self._cluster.request("DELETE", f"{_jobs(namespace)}/{name}", json=options)
        except httpx.HTTPError as error:
            _log.warning("the Job %s cannot be removed yet: %s", handle, error.__class__.__name__)
            return
        if answer.is_error and answer.status_code != _GONE:
            _log.warning("the Job %s cannot be removed yet: %d %s", handle, answer.status_code, _message(answer))

    async def ended(self, alive: Mapping[str, str]) -> list[Ended]:
        namespaces = {handle.partition("/")[0] for handle in alive.values() if handle}
        there: dict[str, dict[str, Any]] = {}
        for answer in await asyncio.gather(*(self._listed(namespace) for namespace in namespaces)):
            if answer is None:
                return []
            there.update(answer)
        found = []
        for worker_id, handle in alive.items():
            if not handle:
                continue
            status = there.get(worker_id)
            if status is None or status.get("succeeded"):
                found.append(Ended(worker_id))
            elif status.get("failed"):
                found.append(Ended(worker_id, _failure(status)))
        return found

    async def close(self) -> None:
        await self._cluster.close()

    async def _listed(self, namespace: str) -> dict[str, dict[str, Any]] | None:
        """Return the status of our Jobs by the id of the worker; None if the cluster does not say."""
        try:
            answer = await self._cluster.request("GET", _jobs(namespace), params={"labelSelector": LABEL})
        except httpx.HTTPError as error:
            _log.warning("the cluster does not say which Jobs there are: %s", error.__class__.__name__)
            return None
        if answer.is_error:
            _log.warning("the cluster does not say which Jobs there are: %d %s", answer.status_code, _message(answer))
            return None
        return {one["metadata"]["labels"][LABEL]: one.get("status", {}) for one in answer.json()["items"]}


def job(worker: NewWorker, template: KubernetesTemplate, namespace: str) -> dict[str, Any]:
    """Return the manifest of a worker's Job, batch/v1."""
    labels = {LABEL: worker.id, "app.kubernetes.io/part-of": "mistral-mesh"}
    container: dict[str, Any] = {
        "name": "worker",
        "image": template.image,
        "env": [{"name": name, "value": value} for name, value in {**worker.env, **template.env}.items()],
    }
    if template.command:
        container["command"] = list(template.command)
    if template.env_from_secrets:
        container["envFrom"] = [{"secretRef": {"name": name}} for name in template.env_from_secrets]
    if template.resources:
        container["resources"] = template.resources
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "containers": [container],
    }
    if template.service_account:
        pod["serviceAccountName"] = template.service_account
    if template.node_selector:
        pod["nodeSelector"] = template.node_selector
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{_NAME}{worker.id}",
            "namespace": namespace,
            "labels": labels,
            "annotations": {"mistral-mesh.io/fleet": worker.fleet, "mistral-mesh.io/execution": worker.execution},
        },
        "spec": {
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _jobs(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", ""))[:1000]
    except (ValueError, AttributeError):
        return answer.text[:200]


def _failure(status: Mapping[str, Any]) -> str:
    conditions = [each for each in status.get("conditions", ()) if each.get("type") == "Failed"]
    if not conditions:
        return "the Job failed"
    return f"{conditions[0].get('reason', 'Failed')}: {conditions[0].get('message', '')}"[:1000]

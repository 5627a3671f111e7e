"""Templates of fleets: how one temporary worker is started, by a process or by a Job of Kubernetes."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from mistral_core.errors import InvalidInput

PROCESS: Final = "process"
KUBERNETES: Final = "kubernetes"
DRIVERS: Final = (PROCESS, KUBERNETES)

Argument: TypeAlias = Annotated[str, Meta(max_length=32_768)]
Command: TypeAlias = Annotated[list[Argument], Meta(min_length=1, max_length=1_000)]
Variables: TypeAlias = dict[Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=255)], str]
DnsLabel: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]


class ProcessTemplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A process on the machine of a scheduler.

    Attributes:
        command: Program and arguments; no shell is involved.
        env: Variables beside those that every worker gets.
        directory: Where it runs; empty for a new folder that is removed after it.
    """

    command: Command
    env: Variables = {}
    directory: str = ""


class KubernetesTemplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Job of Kubernetes.

    Attributes:
        command: Program and arguments; empty for what the image says.
        namespace: Where the Job is made; empty for the scheduler's own.
        resources: As in a container: ``requests`` and ``limits``.
        env_from_secrets: Names of Secrets in the namespace whose entries become variables.
    """

    image: Annotated[str, Meta(min_length=1, max_length=1_000)]
    command: Annotated[list[Argument], Meta(max_length=1_000)] = []
    env: Variables = {}
    env_from_secrets: list[DnsLabel] = []
    namespace: DnsLabel | None = None
    service_account: DnsLabel | None = None
    resources: dict[str, dict[str, str]] = {}
    node_selector: dict[str, str] = {}


Template: TypeAlias = ProcessTemplate | KubernetesTemplate
_TYPES: Final[dict[str, type[Any]]] = {PROCESS: ProcessTemplate, KUBERNETES: KubernetesTemplate}


def template_of(driver: str, text: bytes | str) -> Template:
    """Read a template.

    Raises:
        InvalidInput: If there is no such driver, or the text is no template for it; it says where.
    """
    if driver not in _TYPES:
        raise InvalidInput(
            f"The driver of a fleet is one of {', '.join(DRIVERS)}; actual: {driver[:80]}", field="driver"
        )
    try:
        template: Template = msgspec.json.decode(text, type=_TYPES[driver])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InvalidInput(f"The template does not fit the driver {driver}: {error}", field="template") from None
    if any("\0" in argument for argument in (*template.command, *template.env.values())):
        raise InvalidInput("The template holds the character NUL", field="template")
    return template

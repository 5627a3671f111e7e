"""Settings of the executor, read once from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from mistral_executor.actions.dynamic import DynamicSettings
from mistral_executor.actions.javascript import ScriptSettings
from mistral_executor.actions.ssh_access import SshAccess
from mistral_executor.workers.terms import WorkerTerms
from mistral_runtime.egress import allowed_entries
from mistral_runtime.settings import Environment, ServiceSettings

_FIELD_LIMIT_KB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSettings:
    """What the executor needs to know.

    Attributes:
        slots: Most actions that run at once; actions that answer at once need none.
        threads: Most threads for actions that block, those of actions that were given up included.
        queues: Queues it serves; an action with a target goes to the queue of that name.
        egress_allowed: Hosts and CIDRs that actions may reach although they are not public.
        ssh: Keys, trusted hosts and time of actions over SSH.
        dynamic: Whether there are actions of uploaded code, and how much they may use.
        scripts: How much a script of ``std.javascript`` may use.
        engines: ``host:port`` of the engines, with commas between; empty: values too large for the bus are errors.
        field_limit_kb: Most kilobytes of an action's result as JSON; negative for no limit.
        mistral_lib_actions: Names, with ``*`` and ``?``, of the actions written for mistral_lib that are offered.
        workers: How long leases of workers are, and how large what they say may be.
        mistral_lib_config: File with the settings of packages that read theirs by oslo.config; empty for none.
    """

    service: ServiceSettings
    slots: int = 256
    threads: int = 256
    queues: tuple[str, ...] = ("default",)
    egress_allowed: tuple[str, ...] = ()
    ssh: SshAccess = field(default_factory=SshAccess)
    dynamic: DynamicSettings = field(default_factory=DynamicSettings)
    scripts: ScriptSettings = field(default_factory=ScriptSettings)
    workers: WorkerTerms = field(default_factory=WorkerTerms)
    engines: str = ""
    field_limit_kb: int = _FIELD_LIMIT_KB
    mistral_lib_actions: tuple[str, ...] = ("*",)
    mistral_lib_config: str = ""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_`` variables.

        Raises:
            SettingError: If a variable is missing or malformed.
        """
        env = Environment(environ)
        return cls(
            service=ServiceSettings.read(environ, "executor"),
            slots=env.integer("MISTRAL_EXECUTOR_SLOTS", 256, minimum=1),
            threads=env.integer("MISTRAL_EXECUTOR_THREADS", 256, minimum=1),
            queues=env.listing("MISTRAL_EXECUTOR_QUEUES", ("default",)),
            egress_allowed=allowed_entries(env),
            ssh=SshAccess(
                keys=env.text("MISTRAL_EXECUTOR_SSH_KEYS", "~/.ssh"),
                known_hosts=env.optional("MISTRAL_EXECUTOR_SSH_KNOWN_HOSTS"),
                seconds=env.number("MISTRAL_EXECUTOR_SSH_SECONDS", 3600.0, minimum=1.0),
            ),
            dynamic=_dynamic(env),
            scripts=ScriptSettings(
                seconds=env.number("MISTRAL_JAVASCRIPT_SECONDS", 10.0, minimum=0.1),
                memory_mb=env.integer("MISTRAL_JAVASCRIPT_MEMORY_MB", 64, minimum=1),
                processes=env.integer("MISTRAL_JAVASCRIPT_PROCESSES", 2, minimum=1),
            ),
            workers=_workers(env),
            engines=env.text("MISTRAL_ENGINE_ADDRESSES", ""),
            field_limit_kb=env.integer("MISTRAL_FIELD_SIZE_LIMIT_KB", _FIELD_LIMIT_KB),
            mistral_lib_actions=env.listing("MISTRAL_EXECUTOR_MISTRAL_LIB_ACTIONS", ("*",)),
            mistral_lib_config=env.text("MISTRAL_EXECUTOR_MISTRAL_LIB_CONFIG", ""),
        )


def _dynamic(env: Environment) -> DynamicSettings:
    return DynamicSettings(
        enabled=env.flag("MISTRAL_DYNAMIC_ACTIONS", False),
        seconds=env.number("MISTRAL_DYNAMIC_SECONDS", 300.0, minimum=0.1),
        cpu_seconds=env.integer("MISTRAL_DYNAMIC_CPU_SECONDS", 60, minimum=1),
        memory_mb=env.integer("MISTRAL_DYNAMIC_MEMORY_MB", 256, minimum=16),
        file_mb=env.integer("MISTRAL_DYNAMIC_FILE_MB", 16, minimum=1),
        processes=env.integer("MISTRAL_DYNAMIC_PROCESSES", 4, minimum=1),
        network=env.flag("MISTRAL_DYNAMIC_NETWORK", False),
    )


def _workers(env: Environment) -> WorkerTerms:
    return WorkerTerms(
        lease_seconds=env.number("MISTRAL_WORKER_LEASE_SECONDS", 10.0, minimum=0.5),
        cancel_seconds=env.number("MISTRAL_WORKER_CANCEL_SECONDS", 10.0, minimum=0.1),
        leave_seconds=env.number("MISTRAL_WORKER_LEAVE_SECONDS", 2.0, minimum=0.0),
        most_sessions=env.integer("MISTRAL_WORKER_SESSIONS", 10_000, minimum=1),
        limit_kb=env.integer("MISTRAL_FIELD_SIZE_LIMIT_KB", _FIELD_LIMIT_KB),
        token_key=env.text("MISTRAL_WORKER_TOKEN_KEY", "").encode(),
    )

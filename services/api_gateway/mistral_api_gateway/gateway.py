"""All that the faces of the gateway share: the operations and the live hub."""

from dataclasses import dataclass
from functools import partial

from mistral_api_gateway.access.api_keys import ApiKeys as KnownKeys
from mistral_api_gateway.access.gate import Gate
from mistral_api_gateway.live.hub import Hub
from mistral_api_gateway.live.presence import Presence
from mistral_api_gateway.live.waiting import Waiting
from mistral_api_gateway.live.worker_sessions import WorkerSessions
from mistral_api_gateway.operations.action_executions import ActionExecutions
from mistral_api_gateway.operations.actions import Actions
from mistral_api_gateway.operations.api_keys import ApiKeys
from mistral_api_gateway.operations.bulk import Bulk
from mistral_api_gateway.operations.code_sources import CodeSources, Switch
from mistral_api_gateway.operations.cron_control import CronControl
from mistral_api_gateway.operations.cron_triggers import CronTriggers
from mistral_api_gateway.operations.dead_letters import DeadLetters
from mistral_api_gateway.operations.dynamic_actions import DynamicActions
from mistral_api_gateway.operations.dynamic_catalog import DynamicCatalog
from mistral_api_gateway.operations.engine_calls import Engines
from mistral_api_gateway.operations.environments import Environments
from mistral_api_gateway.operations.event_bindings import EventBindings
from mistral_api_gateway.operations.event_intake import EventIntake
from mistral_api_gateway.operations.event_sources import EventSources
from mistral_api_gateway.operations.event_triggers import EventTriggers
from mistral_api_gateway.operations.executions import Executions
from mistral_api_gateway.operations.executors import Executors
from mistral_api_gateway.operations.fleets import Fleets
from mistral_api_gateway.operations.http_workers import HttpWorkers
from mistral_api_gateway.operations.maintenance import Maintenance
from mistral_api_gateway.operations.members import Members
from mistral_api_gateway.operations.offered_catalog import OfferedCatalog
from mistral_api_gateway.operations.once import Once
from mistral_api_gateway.operations.received_events import ReceivedEvents
from mistral_api_gateway.operations.retention import Retention
from mistral_api_gateway.operations.standalone import StandaloneRuns
from mistral_api_gateway.operations.store import Store
from mistral_api_gateway.operations.subscriptions import Subscriptions
from mistral_api_gateway.operations.tasks import Tasks
from mistral_api_gateway.operations.workbooks import Workbooks
from mistral_api_gateway.operations.workers import Workers
from mistral_api_gateway.operations.workflows import Workflows
from mistral_api_gateway.settings import GatewaySettings
from mistral_runtime.bus import Bus


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What is behind REST and gRPC."""

    store: Store
    bus: Bus
    engines: Engines
    hub: Hub
    presence: Presence
    gate: Gate
    info: bytes | None
    executions: Executions
    waiting: Waiting
    action_executions: ActionExecutions
    actions: Actions
    maintenance: Maintenance
    runs: StandaloneRuns
    code_sources: CodeSources
    dynamic_actions: DynamicActions
    api_keys: ApiKeys
    workers: Workers
    worker_sessions: WorkerSessions

    @property
    def workflows(self) -> Workflows:
        """Definitions of workflows."""
        return Workflows(self.store)

    @property
    def workbooks(self) -> Workbooks:
        """Workflows and actions in one text."""
        return Workbooks(self.store)

    @property
    def environments(self) -> Environments:
        """Variables that many executions share."""
        return Environments(self.store)

    @property
    def cron_triggers(self) -> CronTriggers:
        """What starts workflows by the calendar."""
        return CronTriggers(self.store)

    @property
    def cron_control(self) -> CronControl:
        """Pausing, previewing and making up for what the calendar starts."""
        return CronControl(self.store)

    @property
    def dead_letters(self) -> DeadLetters:
        """What could not be applied or delivered."""
        return DeadLetters(self.store, self.bus)

    @property
    def members(self) -> Members:
        """Who else may use a workflow."""
        return Members(self.store, identified=self.gate.identified)

    @property
    def tasks(self) -> Tasks:
        """Tasks of executions."""
        return Tasks(self.store, self.engines, self.presence)

    @property
    def event_triggers(self) -> EventTriggers:
        """What starts workflows when something happens."""
        return EventTriggers(self.store)

    @property
    def subscriptions(self) -> Subscriptions:
        """Who is told of what happens."""
        return Subscriptions(self.store, self.bus)

    @property
    def retention(self) -> Retention:
        """How long executions are kept."""
        return Retention(self.store)

    @property
    def bulk(self) -> Bulk:
        """Changes of many executions at once."""
        return Bulk(self.store, self.engines, lambda: self.hub.leaving)

    @property
    def fleets(self) -> Fleets:
        """How temporary workers are started."""
        return Fleets(self.store)

    @property
    def http_workers(self) -> HttpWorkers:
        """Applications that run actions and are called over HTTP."""
        return HttpWorkers(self.store)

    @property
    def event_sources(self) -> EventSources:
        """Where events come from."""
        return EventSources(self.store)

    @property
    def event_bindings(self) -> EventBindings:
        """What logical event names stand for."""
        return EventBindings(self.store)

    @property
    def received_events(self) -> ReceivedEvents:
        """Events that came, and what became of them."""
        return ReceivedEvents(self.store, self.bus)

    @property
    def event_intake(self) -> EventIntake:
        """A door for webhooks; each counts rates for itself."""
        return EventIntake(self.store, self.received_events)

    @property
    def once(self) -> Once:
        """Answers that are kept under the keys of their requests."""
        return Once(self.store)


def gateway(
    store: Store,
    bus: Bus,
    settings: GatewaySettings,
    *,
    engines: Engines,
    executors: Executors,
    hub: Hub,
    presence: Presence,
    gate: Gate,
    keys: KnownKeys,
    workers: Workers,
    worker_sessions: WorkerSessions,
) -> Gateway:
    """Put the parts together; ``gate`` is what every call passes, ``keys`` what the doors know of API keys."""
    switch, executions = Switch(settings.dynamic), Executions(store, engines)
    catalog = DynamicCatalog(store, switch)
    offered = OfferedCatalog(store, presence)
    waiting = Waiting(executions, hub)
    return Gateway(
        store=store,
        bus=bus,
        engines=engines,
        hub=hub,
        presence=presence,
        gate=gate,
        info=settings.info,
        executions=executions,
        waiting=waiting,
        action_executions=ActionExecutions(store, engines, deletes=settings.deletes_actions),
        actions=Actions(store, executors, catalog, offered),
        maintenance=Maintenance(store, bus),
        runs=StandaloneRuns(store, engines, executors, waiting, catalog, offered),
        code_sources=CodeSources(store, switch),
        dynamic_actions=DynamicActions(store, switch),
        api_keys=ApiKeys(store, partial(_revoked, keys, worker_sessions)),
        workers=workers,
        worker_sessions=worker_sessions,
    )


def _revoked(keys: KnownKeys, sessions: WorkerSessions) -> None:
    keys.forget()
    sessions.look()

"""Examples of what requests hold, for readers of the OpenAPI document and for programs that try it out."""

from collections.abc import Mapping
from typing import Any, Final

TEXTS: Final[Mapping[str, str]] = {
    "workflows": """version: '2.0'

greeting:
  input: [name]
  output: {said: <% $.said %>}
  tasks:
    greet:
      action: std.echo output="Hello, <% $.name %>!"
      publish: {said: <% task().result %>}
""",
    "workbooks": """version: '2.0'
name: greetings

workflows:
  greet:
    input: [name]
    tasks:
      say:
        action: std.echo output="Hello, <% $.name %>!"
""",
    "actions": """version: '2.0'

greet:
  input: [name]
  base: std.echo
  base-input: {output: "Hello, <% $.name %>!"}
""",
    "code sources": """class Greet:
    def __init__(self, name):
        self.name = name

    def run(self):
        return f"Hello, {self.name}!"
""",
}
"""Texts by the tag of the operation that takes them."""

BODIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "ExecutionStart": {"workflow_name": "greeting", "input": {"name": "Ada"}, "description": "A first try"},
    "ExecutionChange": {"state": "PAUSED"},
    "HttpWorkerChange": {
        "name": "billing",
        "url": "https://billing.example/actions",
        "actions": [{"name": "billing.charge", "safe_rerun": False}],
    },
    "WorkerPoll": {
        "worker": {"id": "resizer-1", "actions": [{"name": "images.resize", "safe_rerun": True}]},
        "limit": 1,
        "wait": 0,
    },
    "WorkerResults": {"results": [{"token": "executor-0.AbC", "output": {"width": 64}}]},
    "WorkerSigns": {"tokens": ["executor-0.AbC"]},
    "FleetChange": {"name": "segmenters", "driver": "process", "template": {"command": ["python", "-m", "segmenter"]}},
    "EnvironmentChange": {"name": "production", "variables": {"host": "db.example", "port": 5432}},
    "CronTriggerCreation": {
        "name": "every_morning",
        "workflow_name": "greeting",
        "workflow_input": {"name": "Ada"},
        "pattern": "0 6 * * *",
    },
    "CronTriggerPause": {"note": "The target is being moved"},
    "CronTriggerRun": {"overlap": "skip"},
    "CronTriggerBackfill": {"start": "2026-05-01 00:00", "end": "2026-05-04 00:00", "overlap": "buffer_all"},
    "CronPreviewRequest": {"pattern": "30 2 * * *", "timezone": "Europe/Berlin", "count": 3},
    "SubscriptionCreation": {
        "name": "failures",
        "event_types": ["WORKFLOW_FAILED"],
        "publisher": {"type": "webhook", "url": "https://hooks.example/failed"},
        "secrets": {"secret": "signs every request"},
    },
    "SubscriptionChange": {"enabled": False},
    "RetentionChange": {"older_than_minutes": 43200, "max_finished": 10000},
    "DeadLettersChosen": {"all": True},
    "EventTriggerChange": {"name": "a better name"},
    "DynamicActionChange": {"name": "greet", "class_name": "Greet", "code_source_name": "greetings"},
    "ActionRun": {"name": "std.echo", "input": {"output": "Hello"}, "params": {"run_sync": True}},
    "TaskChange": {"state": "RUNNING", "reset": True},
    "ActionChange": {"state": "SUCCESS", "output": {"approved_by": "Ada"}},
    "MaintenanceChange": {"status": "RUNNING"},
    "MemberCreation": {"member_id": "another-project"},
    "MemberChange": {"status": "accepted"},
}
"""Bodies by the schema that they follow."""

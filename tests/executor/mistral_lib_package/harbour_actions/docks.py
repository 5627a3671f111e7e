"""Actions that are generated: from a function that returns generators, and from a generator itself."""

from mistral_lib import actions


class DockAction(actions.Action):
    dock = None

    def __init__(self, **arguments):
        self.arguments = arguments

    def run(self, context):
        return {"dock": self.dock, **self.arguments}


class _DockGenerator:
    base_action_class = DockAction

    @classmethod
    def create_actions(cls):
        docks = [
            {
                "class": type("Dock", (DockAction,), {"dock": dock}),
                "name": f"dock.{dock}",
                "description": f"The {dock} dock.",
                "arg_list": 'ship, berths=[1, 2], note="a, b"',
            }
            for dock in ("north", "south")
        ]
        anything = {"class": DockAction, "name": "dock.any", "description": None, "arg_list": "ship, **more"}
        return [*docks, {"name": "dock.half"}, anything]


class _SilentGenerator:
    @classmethod
    def create_actions(cls):
        raise OSError("nobody there")


def all_generators():
    yield _SilentGenerator
    yield _DockGenerator


class CraneGenerator:
    base_action_class = DockAction

    def create_actions(self):
        return [{"class": DockAction, "name": "crane.lift", "description": "Lifts.", "arg_list": "tons"}]


def fog():
    raise ConnectionError("fog")

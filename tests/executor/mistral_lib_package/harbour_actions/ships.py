"""What actions may return, and how they may take their input."""

import datetime

from mistral_lib import actions
from mistral_lib.exceptions import ActionException

CHART = "no action"
_UNSET = object()


class Moor(actions.Action):
    """Moors a ship.

    At the given berth.
    """

    def __init__(self, ship, berth=1, lines=("bow", "stern"), *, pilot=_UNSET, tug=None):
        self.ship = ship
        self.berth = berth
        self.lines = lines
        self.pilot = None if pilot is _UNSET else pilot
        self.tug = tug

    def run(self, context):
        data = {"ship": self.ship, "berth": self.berth, "lines": self.lines, "pilot": self.pilot, "tug": self.tug}
        return actions.Result(data=data)


class _Cargo:
    def __init__(self, what):
        self.what = what
        self.loaded = datetime.date(2026, 11, 21)


class Manifest(actions.Action):
    def __init__(self, of="ship"):
        self.of = of

    def run(self, context):
        if self.of == "ghost":
            return object()
        return {"cargo": [_Cargo("tea"), _Cargo("silk")], "ports": {"Goa"}, "holds": (1, 2), "logs": (n for n in "ab")}


class Refuse(actions.Action):
    def run(self, context):
        return actions.Result(data="not shown", error={"reason": "no papers", "since": datetime.date(2026, 11, 1)})


class RunAground(actions.Action):
    def __init__(self, how="told"):
        self.how = how

    def run(self, context):
        if self.how == "exit":
            raise SystemExit(3)
        raise ActionException(f"aground, {self.how}")


class CallOff(actions.Action):
    def run(self, context):
        return actions.Result(cancel=True)


class Register(actions.Action):
    def __init__(self, tons):
        self.tons = int(tons)

    def run(self, context):
        return self.tons


class Anything(actions.Action):
    def __init__(self, first, **others):
        self.all = {"first": first, **others}

    def run(self, context):
        return self.all


class Bell:
    """Derived from nothing, as the oldest actions may be: it gets no context."""

    def run(self):
        return "ding"

"""Actions that look at their context, are completed by somebody else, or take their time."""

import time

from mistral_lib import actions


class Whereabouts(actions.Action):
    def run(self, context):
        return {"execution": vars(context.execution), "security": vars(context.security)}


class Pilot(actions.Action):
    """Comes when it comes."""

    def __init__(self, ill=False):
        self.ill = ill

    def is_sync(self):
        return False

    def run(self, context):
        return actions.Result(error="the pilot is ill") if self.ill else "ignored"


class Tide(actions.Action):
    def __init__(self, wait):
        self.wait = wait

    def is_sync(self):
        return not self.wait

    def run(self, context):
        return "high"


class Doze(actions.Action):
    def __init__(self, seconds):
        self.seconds = seconds

    def run(self, context):
        time.sleep(self.seconds)
        return "awake"

"""The pure state machine that runs workflows.

``begin`` starts an execution and ``decide`` applies an event to it. Both only compute: they take records and give back
new ones (``execution``) with commands for the shell (``command``); no clock, no chance, no I/O. Whatever comes twice,
late or to nobody changes nothing. ``restored`` completes an execution that was read back from its rows.

* ``decide``, ``begin``: the ways in; ``settling`` works off what follows
* ``draft``: the decision while it is being made; ``plan``: what is known ahead about a definition
* ``launch``, ``ending``: how a task starts and ends; ``dispatch``, ``children``, ``items``: what it runs
* ``direct``, ``join``, ``reverse``: what comes next; ``completion``, ``failing``: how an execution ends
* ``control``, ``resuming``, ``rerun``, ``replay``, ``suspending``: what people ask for
* ``superseding``: what a replay sets aside; ``target``: a direct workflow run up to one task
* ``timers``, ``results``: what the world reports
* ``scope``, ``document``, ``context``: what expressions see
"""

from mistral_core.machine.begin import begin, check_input
from mistral_core.machine.decide import decide
from mistral_core.machine.restore import outstanding, restored
from mistral_core.machine.surroundings import ExecutionsQuery, MoreFactsNeeded, Query, Surroundings, TasksQuery

__all__ = [
    "ExecutionsQuery",
    "MoreFactsNeeded",
    "Query",
    "Surroundings",
    "TasksQuery",
    "begin",
    "check_input",
    "decide",
    "outstanding",
    "restored",
]

"""Stub runs: any workflow with its actions replaced by stubs, in virtual time, held against expectations.

* ``keys``: what a test file may hold, as data; ``read``, ``read_stubs`` and ``read_expectations`` read one
* ``model``: a test file as values
* ``library``: the definitions a case may use
* ``stage``: the world it runs in, on top of the engine's own ``decide``; ``answering``: who answers what is called
* ``asking``: what people ask for meanwhile; ``record``: what happened
* ``verdict``: what was not as expected; ``timeline``: what happened when
* ``perform``: one case from beginning to end

The files themselves are read by whoever calls; nothing here touches a disk or a clock.
"""

from mistral_core.stubrun.library import Library
from mistral_core.stubrun.model import Case, Suite
from mistral_core.stubrun.perform import Report, perform
from mistral_core.stubrun.read import read_suite
from mistral_core.stubrun.timeline import Moment
from mistral_core.stubrun.verdict import Complaint

__all__ = ["Case", "Complaint", "Library", "Moment", "Report", "Suite", "perform", "read_suite"]

"""What is valid and yet probably not meant: warnings about definitions, each with a place, a code and a reason.

* ``rules``: the codes, what each is about and why
* ``check``: one document, all rules; ``ignores`` takes out what a comment says is meant
* ``flow``: tasks nobody reaches, joins that cannot complete, rings without an end
* ``variables``: what is read and never set, set and never read
* ``calls``: actions and sub-workflows that are called in a wrong way
* ``shapes``: what is accepted and does nothing, or something else than it seems to
* ``texts``, ``reading``: which expressions there are, and what they read

Nothing here decides what is valid: that is the parser's.
"""

from mistral_core.lint.check import check
from mistral_core.lint.rules import RULES, Finding, Level, Rule

__all__ = ["RULES", "Finding", "Level", "Rule", "check"]

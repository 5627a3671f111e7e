"""Workflows as drawings: what is drawn, where it stands, and how it is written as SVG or Mermaid.

* ``model``: nodes and edges with what is said on them; ``build`` makes them from a definition
* ``run``: what an execution did, laid over the drawing; ``critical`` finds the chain that took longest
* ``layers``, ``order``, ``place``: a layered layout, step by step; ``layout`` calls them
* ``measure``: how wide texts are, roughly, since nothing here can ask a font
* ``svg``, ``style``: the picture; ``mermaid``: the text for those who draw themselves
"""

from mistral_core.graph.build import drawing_of
from mistral_core.graph.mermaid import mermaid
from mistral_core.graph.model import Drawing
from mistral_core.graph.run import TaskRun, with_run
from mistral_core.graph.svg import svg

__all__ = ["Drawing", "TaskRun", "drawing_of", "mermaid", "svg", "with_run"]

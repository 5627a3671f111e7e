"""All actions that workers offer, kept in memory as of one definition epoch; a decision asks for them by name.

They are read together with the ad-hoc actions, so what was offered before a start is known to it.
"""

from collections.abc import Mapping

from msgspec import Struct

from mistral_core.machine.surroundings import Offer
from mistral_persistence import offers as stored
from mistral_persistence.database import Pool


class Visible(Struct, frozen=True):
    """What one project sees: see ``Surroundings``."""

    offers: Mapping[str, Offer]
    uploaded: frozenset[tuple[str, str]]


class OfferedActions:
    """The offers of all projects, and the uploaded actions that come before them."""

    def __init__(self) -> None:
        self._known: list[stored.Known] = []
        self._uploaded: list[stored.Uploaded] = []
        self._visible: dict[str, Visible] = {}

    def of(self, project: str) -> Visible:
        """Return what a project sees."""
        visible = self._visible.get(project)
        if visible is None:
            visible = self._visible[project] = self._seen_by(project)
        return visible

    async def load(self, pool: Pool) -> None:
        """Read them anew."""
        self._known, self._uploaded = await stored.everything(pool)
        self._visible = {}

    def _seen_by(self, project: str) -> Visible:
        public = [each for each in self._known if each.public]
        own = [each for each in self._known if each.project == project]
        offers: dict[str, Offer] = {}
        for each in public:
            offers.setdefault(each.name, Offer(each.project, each.safe_rerun))
        offers |= {each.name: Offer(project, each.safe_rerun) for each in own}
        uploaded = (u for u in self._uploaded if u.public or u.project == project)
        return Visible(offers, frozenset((each.namespace, each.name) for each in uploaded))

"""Definitions as the engine needs them: which one a name means, and the text of a version."""

from collections.abc import Sequence

from msgspec import Struct

from mistral_persistence.database import Pool

# The epoch comes along, so that whoever keeps actions in memory need not ask for it.
_CANDIDATES = """
SELECT e.epoch, w.*
  FROM definition_epoch e
  LEFT JOIN (
       SELECT id::text, version, name, namespace, workbook, project_id, scope, ARRAY(
              SELECT m.member_id FROM workflow_member m WHERE m.workflow_id = f.id AND m.status = 'accepted'
                 AND m.member_id = ANY ($4::text[])) AS members
         FROM workflow f
        WHERE (name = ANY ($1::text[]) AND namespace = ANY ($2::text[])) OR id = ANY ($3::uuid[])) AS w ON true
"""
_TEXTS = """
SELECT v.workflow_id::text, v.version, v.name, v.workbook, v.definition
  FROM workflow_version v
  JOIN unnest($1::uuid[], $2::integer[]) AS wanted (id, version)
    ON v.workflow_id = wanted.id AND v.version = wanted.version
"""


class Wanted(Struct, frozen=True):
    """A workflow to find: the first hit wins, names before namespaces.

    Attributes:
        names: Names to try, such as ``book.child`` and then ``child``.
        namespaces: Namespaces to try for each name.
        id: UUID text to try before the names; None for none.
    """

    project: str
    names: tuple[str, ...]
    namespaces: tuple[str, ...]
    id: str | None = None


class Found(Struct, frozen=True):
    """The present version of a stored workflow.

    Attributes:
        members: Those of the projects asked for that it is shared with.
    """

    id: str
    version: int
    name: str
    namespace: str
    workbook: str | None
    project: str
    scope: str
    members: Sequence[str] = ()


class Text(Struct, frozen=True):
    """The text of one version; ``name`` is the stored name, ``workbook`` where it came from."""

    name: str
    workbook: str | None
    definition: str


async def find(pool: Pool, wanted: Sequence[Wanted]) -> tuple[int, list[Found | None]]:
    """Return what each of ``wanted`` means, None where nothing visible fits, and the epoch of the ad-hoc actions.

    All of it is read in one round trip.
    """
    names = list({name for each in wanted for name in each.names})
    namespaces = list({namespace for each in wanted for namespace in each.namespaces})
    ids = list({each.id for each in wanted if each.id})
    projects = list({each.project for each in wanted})
    rows = await pool.fetch(_CANDIDATES, names, namespaces, ids, projects)
    found = [Found(*tuple(row)[1:]) for row in rows if row["id"] is not None]
    by_name: dict[tuple[str, str], list[Found]] = {}
    for each in found:
        by_name.setdefault((each.namespace, each.name), []).append(each)
    by_id = {each.id: each for each in found}
    return int(rows[0]["epoch"]), [_choose(each, by_id, by_name) for each in wanted]


async def texts(pool: Pool, versions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Text]:
    """Return the texts of (workflow id, version) pairs; those that are not stored are missing."""
    rows = await pool.fetch(_TEXTS, [v[0] for v in versions], [v[1] for v in versions])
    return {(row["workflow_id"], row["version"]): Text(row["name"], row["workbook"], row["definition"]) for row in rows}


def _choose(wanted: Wanted, by_id: dict[str, Found], by_name: dict[tuple[str, str], list[Found]]) -> Found | None:
    if wanted.id and (direct := by_id.get(wanted.id)) and _visible(direct, wanted.project):
        return direct
    for name in wanted.names:
        for namespace in wanted.namespaces:
            visible = [f for f in by_name.get((namespace, name), ()) if _visible(f, wanted.project)]
            if visible:
                # One's own comes before another project's public one, and that before one that was shared.
                return min(visible, key=lambda f: (f.project != wanted.project, f.scope != "public", f.id))
    return None


def _visible(found: Found, project: str) -> bool:
    return found.project == project or found.scope == "public" or project in found.members

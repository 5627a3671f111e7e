"""As whom Postgres runs: it refuses root, and a container or a fresh machine often has nobody else."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mistral_mesh.errors import MeshError

_UNSHARE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True, slots=True)
class Account:
    """How to start a process that may not be root.

    Attributes:
        prefix: Goes before the command.
        popen: Further arguments for ``subprocess``.
        give: Makes a folder belong to that account.
    """

    prefix: tuple[str, ...] = ()
    popen: Mapping[str, Any] = field(default_factory=dict)
    give: Callable[[Path], None] = lambda folder: None


def account(home: Path) -> Account:
    """Pick one: ourselves; as root a user namespace of our own, else an unprivileged user that can reach the home.

    Raises:
        MeshError: If we are root and neither way works here.
    """
    if os.geteuid() != 0:
        return Account()
    if _namespaces_work():
        return Account(prefix=_UNSHARE)
    for name in ("postgres", "nobody"):
        if (user := _user(name)) and _reaches(user, home):
            return _as_user(user)
    raise MeshError(
        "Postgres does not run as root, and here neither user namespaces nor the users postgres and nobody are of use"
        f" (they must be able to enter {home}).\nRun as another user, choose another --home,"
        " or set MISTRAL_DATABASE_URL to use a Postgres (15 or newer) of your own."
    )


@cache
def _namespaces_work() -> bool:
    if shutil.which(_UNSHARE[0]) is None:
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _reaches(user: pwd.struct_passwd, home: Path) -> bool:
    """Whether the user may enter the folder above the home, and run what lies beside this package."""
    test = f'test -x "{home.parent}" && test -r "{Path(__file__)}"'
    done = subprocess.run(["sh", "-c", test], check=False, cwd="/", **_popen(user))
    return bool(done.returncode == 0)


def _as_user(user: pwd.struct_passwd) -> Account:
    def give(folder: Path) -> None:
        """Hand over the folder, and let the user pass through those of the home that lead to it."""
        os.chown(folder, user.pw_uid, user.pw_gid)
        for above in (folder.parent, folder.parent.parent, folder.parent.parent / "run"):
            os.chown(above, user.pw_uid, user.pw_gid)

    return Account(popen=_popen(user), give=give)


def _popen(user: pwd.struct_passwd) -> dict[str, Any]:
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

"""A Dovecot of the tests' own on loopback: its folder, its port and its one user are nobody else's."""

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mistral_mesh.ports import free_port

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {internal_group}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@contextmanager
def dovecot(folder: Path) -> Iterator[int]:
    """Run a mail server and yield its port; without one on this machine the test is skipped aloud."""
    program = shutil.which("dovecot", path=f"/usr/sbin:{os.environ.get('PATH', '')}")
    if program is None:
        pytest.skip("there is no dovecot here; on Debian and Ubuntu: apt-get install dovecot-imapd")
    port, user = free_port(), getpass.getuser()
    group = subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()
    # Run as root it wants to give its rights up; run as anybody else it can only stay who it is.
    names = ("dovecot", "dovenull") if os.getuid() == 0 else (user, user)
    for name in names:
        try:
            pwd.getpwnam(name)
        except KeyError:
            pytest.skip(f"there is no user {name} here, whom dovecot wants to be")
    if os.getuid() == 0:
        # It lets nobody read mails as root.
        user, group = "nobody", grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
    for part in ("mail", "home"):
        (folder / part).mkdir(exist_ok=True)
        shutil.chown(folder / part, user, group)
    own = {
        "folder": folder,
        "port": port,
        "user": user,
        "group": group,
        "internal": names[0],
        "login": names[1],
        "internal_group": grp.getgrgid(pwd.getpwnam(names[0]).pw_gid).gr_name,
    }
    (folder / "dovecot.conf").write_text(_CONFIGURATION.format(**own))
    folder.chmod(0o755)
    server = subprocess.Popen(
        [program, "-F", "-c", str(folder / "dovecot.conf")], start_new_session=True, stdin=subprocess.DEVNULL
    )
    try:
        _wait(port, server, folder)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def deliver(port: int, mail: bytes, folder: str = "INBOX") -> None:
    """Put a mail into a folder, which is made if it is not there."""
    with imaplib.IMAP4("127.0.0.1", port, timeout=10) as box:
        box.login("ada", "secret")
        if folder != "INBOX":
            box.create(folder)
        status, said = box.append(folder, "", imaplib.Time2Internaldate(time.time()), mail)
        assert status == "OK", said


def flags(port: int, folder: str = "INBOX") -> list[bytes]:
    """Return the flags of the mails in a folder."""
    with imaplib.IMAP4("127.0.0.1", port, timeout=10) as box:
        box.login("ada", "secret")
        _, [count] = box.select(folder, readonly=True)
        if count == b"0":
            return []
        _, found = box.fetch("1:*", "(FLAGS)")
        return [each for each in found if isinstance(each, bytes)]


def _wait(port: int, server: subprocess.Popen[bytes], folder: Path) -> None:
    until, said = time.monotonic() + 30, ""
    while time.monotonic() < until and server.poll() is None:
        try:
            with imaplib.IMAP4("127.0.0.1", port, timeout=5) as box:
                box.login("ada", "secret")
                return
        except (OSError, imaplib.IMAP4.error) as error:
            said = str(error)
            time.sleep(0.1)
    log = folder / "dovecot.log"
    raise AssertionError(f"Dovecot does not serve: {said}\n{log.read_text()[-2000:] if log.exists() else ''}")

"""A real Keystone in a folder, set up and served: run by the Python of an environment that has it installed.

``python keystone_server.py FOLDER PORT``. The administrator is ``admin`` with the password ``secret``.
"""

import os
import sys
from grp import getgrgid
from pathlib import Path
from pwd import getpwuid
from wsgiref.simple_server import WSGIRequestHandler, make_server

_SETTINGS = """
[DEFAULT]
log_dir = {folder}
[database]
connection = sqlite:///{folder}/keystone.db
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
"""


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Stay silent."""


def main(folder: Path, port: int) -> None:
    """Set it up, then serve until killed. It is loaded once, for that takes most of the time."""
    settings = folder / "keystone.conf"
    settings.write_text(_SETTINGS.format(folder=folder))
    for keys in ("fernet", "credential"):
        (folder / keys).mkdir(mode=0o700)
    from keystone.cmd import cli

    owner = ["--keystone-user", getpwuid(os.getuid()).pw_name, "--keystone-group", getgrgid(os.getgid()).gr_name]
    url = f"http://127.0.0.1:{port}/v3"
    for words in (
        ["db_sync"],
        ["fernet_setup", *owner],
        ["credential_setup", *owner],
        ["bootstrap", "--bootstrap-password", "secret", "--bootstrap-region-id", "here", "--bootstrap-public-url", url],
    ):
        # Its settings can be read once in a process.
        if (child := os.fork()) == 0:
            sys.argv = ["keystone-manage", "--config-file", str(settings), *words]
            cli.main(sys.argv)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(f"keystone-manage {words[0]} failed")
    from keystone.server import wsgi

    os.environ["OS_KEYSTONE_CONFIG_FILES"], sys.argv = str(settings), ["keystone"]
    application = wsgi.initialize_public_application()
    with make_server("127.0.0.1", port, application, handler_class=_Silent) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

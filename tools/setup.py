"""Install everything into ``.venv/``: what every ``make`` target begins with. Needs python3 and nothing else.

Quick when nothing changed: a stamp holds the hash of all that decides what is installed. Kept to old syntax on
purpose: a python3 that is too old must reach the sentence that says so.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOLS = os.path.join(ROOT, ".tools")
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "setup.stamp")
LOCK = os.path.join(ROOT, "requirements.lock")


def main():
    """Set up, or find that it is done already."""
    check_python()
    os.chdir(ROOT)
    wanted = fingerprint()
    if os.path.exists(PYTHON) and read(STAMP) == wanted:
        return
    print("setting up .venv (about half a minute the first time)", flush=True)
    install(find_uv())
    with open(STAMP, "w") as stamp:
        stamp.write(wanted)


def check_python():
    """Say what is missing on this machine and how to get it."""
    if sys.version_info < (3, 11):
        sys.exit(
            "Python 3.11 or newer is needed; %s is %s.\nInstall it and try `make PYTHON=/path/to/python3.11 %s`."
            % (sys.executable, sys.version.split()[0], os.environ.get("GOAL", "setup"))
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit(
            "Python's venv module is missing.\nOn Debian and Ubuntu: apt install python3-venv\n"
            "Elsewhere: install the full Python package of your system."
        )


def fingerprint():
    """Hash what decides the installation: pins, package files, contracts and this interpreter."""
    digest = hashlib.sha256(str(sys.version_info[:2]).encode())
    for path in [LOCK, os.path.abspath(__file__), *package_files()]:
        digest.update(path.encode())
        digest.update(read(path).encode())
    return digest.hexdigest()


def package_files():
    """Yield each file that says how a package of ours is built."""
    for package in packages():
        yield os.path.join(package, "pyproject.toml")
    for folder, folders, files in sorted(os.walk("protos")):
        folders.sort()
        for name in sorted(files):
            if name.endswith(".proto") or name == "generate.py":
                yield os.path.join(folder, name)


def packages():
    """Yield the folder of every package of ours, contracts first."""
    yield "protos"
    for group in ("libs", "services"):
        for name in sorted(os.listdir(group)):
            if os.path.exists(os.path.join(group, name, "pyproject.toml")):
                yield os.path.join(group, name)
    yield os.path.join("libs", "sdk", "python")


def find_uv():
    """Return the installer of the pinned version, installed by its hash if need be."""
    pin = re.search(r"^uv==[^ ]+ (\\\n[^\\\n]*)+", read(LOCK), re.MULTILINE).group(0)
    version = pin.split()[0].partition("==")[2]
    uv = os.path.join(TOOLS, "bin", "uv")
    if not os.path.exists(uv) or version not in subprocess.check_output([uv, "--version"]).decode():
        run(sys.executable, "-m", "venv", TOOLS)
        pinned = os.path.join(TOOLS, "uv.lock")
        with open(pinned, "w") as lock:
            lock.write(pin + "\n")
        pip = os.path.join(TOOLS, "bin", "pip")
        run(pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", pinned)
    return uv


def install(uv):
    """Install the pinned packages by hash, then our own ones in place; that also generates the stubs."""
    if not is_same_python():
        shutil.rmtree(VENV, ignore_errors=True)
        run(sys.executable, "-m", "venv", "--without-pip", VENV)
    into = [uv, "pip", "install", "--quiet", "--system-certs", "--python", PYTHON]
    run(*into, "--require-hashes", "-r", LOCK)
    own = [argument for package in packages() for argument in ("-e", package)]
    run(*into, "--no-deps", "--no-build-isolation", "--reinstall", *own)


def is_same_python():
    """Whether `.venv` has this version of Python and still works."""
    if not os.path.exists(PYTHON):
        return False
    asked = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.version_info[:2])"], stdout=subprocess.PIPE, check=False
    )
    return asked.stdout.decode().strip() == str(sys.version_info[:2])


def run(*command):
    """Run to the end, or end here with what failed."""
    if subprocess.call(command) != 0:
        sys.exit("set-up failed at: " + " ".join(command[:4]) + " ...\nThe lines above say why; `make setup` resumes.")


def read(path):
    """Return the text of a file, empty when there is none."""
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    main()

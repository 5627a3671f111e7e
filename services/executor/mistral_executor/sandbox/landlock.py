"""Which files a child may see: those that Python is made of, and its own folder. Landlock, where the kernel has it.

Under Landlock a process also cannot look into others, so what is in ``/proc`` of the executor is out of reach.
"""

import ctypes
import os
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_EXECUTE, _WRITE, _READ, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
# How many rights each version of the interface knows; the last one stands for those after it.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_SCOPES_SINCE = 6
_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def restrict(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """Allow this process nothing but those paths and what is below them, for ever.

    ``no_new_privs`` must be set. Paths that do not exist are left out.

    Returns:
        False if the kernel cannot do this.

    Raises:
        OSError: If it can and refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if version < 1:
        return False
    rights = (1 << _RIGHTS.get(version, _RIGHTS[5])) - 1
    scoped = _SIGNALS_AND_ABSTRACT_SOCKETS if version >= _SCOPES_SINCE else 0
    ruleset = _Ruleset(rights, 0, scoped)
    # Older kernels know a shorter structure.
    size = ctypes.sizeof(_Ruleset) if version >= _SCOPES_SINCE else 8
    rules = _checked(libc.syscall(_CREATE, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0)))
    try:
        for path in readable:
            _allow(libc, rules, path, (_READ | _READ_DIR) & rights)
        for path in writable:
            _allow(libc, rules, path, rights & ~_EXECUTE)
        _checked(libc.syscall(_RESTRICT, rules, ctypes.c_uint32(0)))
    finally:
        os.close(rules)
    return True


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if os.path.isdir(path) else rights & _OF_FILES
        rule = _Beneath(allowed, opened)
        _checked(libc.syscall(_ADD, rules, ctypes.c_uint32(1), ctypes.byref(rule), ctypes.c_uint32(0)))
    finally:
        os.close(opened)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "Landlock refused")
    return result

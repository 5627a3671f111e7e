"""How a child gives up what it does not need, before it sees any code of others. There is no way back."""

import ctypes
import os
import resource
import sys
import sysconfig
from collections.abc import Iterator

from mistral_executor.sandbox import landlock, seccomp
from mistral_executor.sandbox.limits import Limits

_MEBIBYTE = 1024 * 1024
_SET_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES = 1, 38
_KILL = 9
_CAPABILITIES_V3 = 0x20080522
# For the resolver, for TLS, for times and for chance; nothing there is secret.
_HARMLESS = (
    *("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf"),
    *("/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/localtime", "/etc/ld.so.cache"),
    *("/usr/lib", "/usr/lib64", "/usr/share", "/usr/local/lib", "/lib", "/lib64"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)


def confine(limits: Limits) -> None:
    """Confine this process to its folder and its limits.

    Raises:
        OSError: If the machine cannot hold it as it should.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    die_with_parent()
    _limit(limits)
    _control(libc, _SET_NO_NEW_PRIVILEGES, 1)
    _drop_capabilities(libc)
    landlock.restrict(_readable(), [os.getcwd(), os.devnull] if limits.file_mb else [os.devnull])
    seccomp.filter_calls(network=limits.network)


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends."""
    _control(ctypes.CDLL(None, use_errno=True), _SET_DEATH_SIGNAL, _KILL)


def _control(libc: ctypes.CDLL, option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    if libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero) != 0:
        raise OSError(ctypes.get_errno(), "prctl was refused")


def _limit(limits: Limits) -> None:
    taken = _address_space()
    both = (
        (resource.RLIMIT_AS, taken + limits.memory_mb * _MEBIBYTE),
        (resource.RLIMIT_FSIZE, limits.file_mb * _MEBIBYTE),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    )
    for kind, most in both:
        resource.setrlimit(kind, (most, most))
    if limits.cpu_seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as told:
        return int(told.read().split()[0]) * resource.getpagesize()


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Have a process of root be like any other."""
    head = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    if libc.capset(head, (ctypes.c_uint32 * 6)()) != 0:
        raise OSError(ctypes.get_errno(), "the capabilities could not be dropped")


def _readable() -> Iterator[str]:
    """Name what Python is made of, and what is installed beside it."""
    yield from (path for path in sys.path if path)
    yield from (sys.prefix, sys.base_prefix)
    yield from sysconfig.get_paths().values()
    yield from _HARMLESS
    yield f"/proc/{os.getpid()}"

"""Which calls of the kernel a child may make: no new processes or programs, no signals to others, no privileges.

Because it can have no children, to kill it is to end all that it began.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Mapping, Sequence

_X86, _ARM = 0xC000003E, 0xC00000B7
# Name: number on x86-64, number on ARM64 (None: there is no such call).
_CALLS: Mapping[str, tuple[int, int | None]] = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "tgkill": (234, 131),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "socket": (41, 198),
}
_DENIED: Mapping[str, tuple[int, int | None]] = {
    **{"fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281)},
    **{"kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240)},
    **{"pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438)},
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
    **{"process_madvise": (440, 440), "move_pages": (279, 239), "migrate_pages": (256, 238)},
    **{"setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setaffinity": (203, 122)},
    **{"sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274)},
    **{"mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51)},
    **{"open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431)},
    **{"fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442)},
    **{"unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "perf_event_open": (298, 241)},
    **{"io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427)},
    **{"add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "userfaultfd": (323, 282)},
    **{"init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106)},
    **{"kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142)},
    **{"shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "mq_open": (240, 180)},
    **{"semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192)},
    **{"msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187)},
    **{"swapon": (167, 224), "swapoff": (168, 225), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265)},
}
_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER, _ARCH, _FIRST = 0, 4, 16
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _EACCES, _ENOSYS = 1, 13, 38
_THREAD = 0x00010000
_DEATH_SIGNAL = 1
_OTHER_ABI = 0x40000000
_INTERNET = (2, 10)
_SET_SECCOMP, _FILTER = 22, 2

_Instruction = tuple[int, int, int, int]


def filter_calls(*, network: bool) -> None:
    """Deny this process and its threads what it has no business with, for ever; ``no_new_privs`` must be set.

    Raises:
        OSError: If the machine cannot do that.
    """
    column = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
    if column is None:
        raise OSError(_ENOSYS, f"there is no filter for machines of the kind {platform.machine()}")
    code = b"".join(struct.pack("HBBI", *each) for each in _program(column, network))
    instructions = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER), program, ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")


def _program(column: int, network: bool) -> Sequence[_Instruction]:
    special = {name: numbers[column] for name, numbers in _CALLS.items()}
    denied = [numbers[column] for numbers in _DENIED.values()]
    self_or_none = (0, os.getpid())
    return [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, (_X86, _ARM)[column]),
        _give(_KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _OTHER_ABI),
        _give(_ERRNO | _EPERM),
        *(step for number in denied if number is not None for step in _on(number, [_give(_ERRNO | _EPERM)])),
        # The library falls back to clone, whose flags can be looked at.
        *_on(special["clone3"], [_give(_ERRNO | _ENOSYS)]),
        *_on(special["clone"], [*_first(), (_ANY_BIT, 0, 1, _THREAD), _give(_ALLOW), _give(_ERRNO | _EPERM)]),
        # It ends with its parent, whatever it would like.
        *_on(special["prctl"], [*_first(), (_EQUAL, 0, 1, _DEATH_SIGNAL), _give(_ERRNO | _EPERM), _give(_ALLOW)]),
        *_on(special["tgkill"], _if_first_is(self_or_none[1:], _EPERM)),
        *_on(special["prlimit64"], _if_first_is(self_or_none, _EPERM)),
        *_on(special["socket"], _if_first_is(_INTERNET if network else (), _EACCES)),
        _give(_ALLOW),
    ]


def _give(result: int) -> _Instruction:
    return _RETURN, 0, 0, result


def _first() -> list[_Instruction]:
    # Little endian: the half that counts comes first.
    return [(_LOAD, 0, 0, _FIRST)]


def _on(number: int | None, steps: Sequence[_Instruction]) -> list[_Instruction]:
    assert number is not None
    return [(_EQUAL, 0, len(steps), number), *steps]


def _if_first_is(values: Sequence[int], error: int) -> list[_Instruction]:
    among = [step for value in values for step in ((_EQUAL, 0, 1, value), _give(_ALLOW))]
    return [*_first(), *among, _give(_ERRNO | error)]

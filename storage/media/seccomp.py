"""A system-call filter for the media child: no sockets, no new programs, no new processes, no looking at others.

Installed by the child on itself after its imports and before it opens the file. A refused call answers EPERM, so that a library that
merely asks goes on; what is left is reading, computing, writing and threads.
"""

import ctypes
import platform
import struct
from typing import Final

PR_SET_NO_NEW_PRIVS: Final = 38
PR_SET_SECCOMP: Final = 22
FILTER_MODE: Final = 2
ALLOW: Final = 0x7FFF0000
EPERM: Final = 0x00050001
ENOSYS: Final = 0x00050026
CLONE_THREAD: Final = 0x00010000
X32_BIT: Final = 0x40000000

# name: (x86_64, aarch64); None where the architecture has no such call
REFUSED: Final[dict[str, tuple[int | None, int | None]]] = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    "kill": (62, 129), "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_by_handle_at": (304, 265), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "init_module": (175, 105), "finit_module": (313, 273),
    "kexec_load": (246, 104), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
}  # fmt: skip
CLONE: Final = (56, 220)
CLONE3: Final = 435
ARCHES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def _op(code: int, k: int, jt: int = 0, jf: int = 0) -> bytes:
    return struct.pack("<HBBI", code, jt, jf, k)


def program(machine: str) -> bytes | None:
    """The BPF program, or None for an architecture we have no table for."""
    if machine not in ARCHES:
        return None
    column, arch = ARCHES[machine]
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    body = [
        _op(load, 4), _op(equal, arch, 1, 0), _op(answer, EPERM),  # a foreign architecture has other numbers
        _op(load, 0), _op(at_least, X32_BIT, 0, 1), _op(answer, EPERM),
        _op(equal, CLONE3, 0, 1), _op(answer, ENOSYS),  # its flags are behind a pointer; libc falls back to clone
        _op(equal, CLONE[column], 0, 4), _op(load, 16), _op(any_bit, CLONE_THREAD, 0, 1), _op(answer, ALLOW), _op(answer, EPERM),
    ]  # fmt: skip
    for numbers in REFUSED.values():
        number = numbers[column]
        if number is not None:
            body += [_op(equal, number, 0, 1), _op(answer, EPERM)]
    return b"".join([*body, _op(answer, ALLOW)])


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install() -> bool:
    """Filter this thread and all it starts. False where the kernel or the architecture has no such thing."""
    code = program(platform.machine())
    if code is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    buffer = ctypes.create_string_buffer(code, len(code))
    fprog = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    return bool(libc.prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.byref(fprog), 0, 0) == 0)

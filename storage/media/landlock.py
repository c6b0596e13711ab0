"""Landlock by system call: after `restrict`, this process can open the named files and nothing else, and no TCP port."""

import ctypes
import os
import struct
from collections.abc import Sequence
from typing import Final

CREATE, ADD_RULE, RESTRICT = 444, 445, 446  # the same numbers on every architecture
EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV = 1 << 0, 1 << 1, 1 << 2, 1 << 14, 1 << 15
BASIC: Final = (1 << 13) - 1
REFER: Final = 1 << 13
PR_SET_NO_NEW_PRIVS: Final = 38


def restrict(reads: Sequence[str], writes: Sequence[str]) -> bool:
    """Confine this process for good. False where the kernel has no Landlock; nothing is confined then."""
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(CREATE, None, 0, 1)
    if abi < 1:
        return False
    handled = BASIC | (REFER if abi >= 2 else 0) | (TRUNCATE if abi >= 3 else 0) | (IOCTL_DEV if abi >= 5 else 0)
    attributes = struct.pack("<Q", handled)
    if abi >= 4:
        attributes += struct.pack("<Q", 3)  # bind and connect TCP: handled, and no rule allows any
    if abi >= 6:
        attributes += struct.pack("<Q", 3)  # abstract UNIX sockets and signals stay inside
    ruleset = libc.syscall(CREATE, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        allowed = [(path, READ_FILE) for path in reads]
        allowed += [(path, READ_FILE | WRITE_FILE | (TRUNCATE if abi >= 3 else 0)) for path in writes]
        for path, rights in allowed:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                if libc.syscall(ADD_RULE, ruleset, 1, struct.pack("<Qi", rights & handled, fd), 0) != 0:
                    return False
            finally:
                os.close(fd)
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return bool(libc.syscall(RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)

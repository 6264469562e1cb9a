# SPDX-License-Identifier: MIT
"""For the check `canary`, in dom0: it is in the kernel and in user mode by turns, first with nothing of a guest mapped,
then with some of its frames, then without them again.

    canary.py CARRIER DOMAIN FRAME...     FRAME: the number of a machine frame, in hexadecimal

A line on dom0's console says each time what is mapped. It goes on when CARRIER, the state of a network card's cable,
changes. Pages with words of tests/system/canary/walk.c, the marker and the user marker, distinguish the roots of the
kernel and of this program's user mode. The program itself never reads what it has mapped."""

import ctypes
import os
import sys

SEED = 0xD1B54A32D192ED03
PAGE = 4096
MARKED = 16 * PAGE
PROT_READ = 1


def marked(factor):
    return (SEED * factor % 2**64).to_bytes(8, "little") * (MARKED // 8)


def say(what):
    with open("/dev/console", "w") as console:
        console.write("dom0: canary: %s\n" % what)


def plugged():
    with open(sys.argv[1]) as carrier:
        return carrier.read().strip() == "1"


def work_while(state):
    while plugged() == state:
        os.urandom(1 << 20)  # in the kernel
        sum(range(100000))  # in user mode


carrier, domain, *frames = sys.argv[1:]
frames = [int(frame, 16) for frame in frames]

if os.fork() == 0:  # what the child has in its own memory ends with it; the file is the kernel's
    with open("/run/canary-marker", "wb") as marker:
        marker.write(marked(5))
    os._exit(0)
os.wait()
user_marker = marked(7)

library = ctypes.CDLL("libxenforeignmemory.so.1")
library.xenforeignmemory_open.restype = ctypes.c_void_p
library.xenforeignmemory_map.restype = ctypes.c_void_p
handle = ctypes.c_void_p(library.xenforeignmemory_open(None, 0))
assert handle, "no access to foreign memory"

say("nothing is mapped")
work_while(True)
errors = (ctypes.c_int * len(frames))()
numbers = (ctypes.c_ulong * len(frames))(*frames)
pages = library.xenforeignmemory_map(
    handle, ctypes.c_uint32(int(domain)), PROT_READ, ctypes.c_size_t(len(frames)), numbers, errors
)
assert pages and not any(errors), "frames %s: %s" % (sys.argv[3:], list(errors))
say("mapped: %s" % " ".join("%x" % frame for frame in frames))
work_while(False)
assert not library.xenforeignmemory_unmap(handle, ctypes.c_void_p(pages), ctypes.c_size_t(len(frames)))
say("unmapped")
work_while(True)

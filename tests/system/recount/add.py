# SPDX-License-Identifier: MIT
"""For tests/system/test_recount.sh, in gdb at QEMU's stub: waits for the first recount of isolation, which the first
domain that ends causes, and makes two entries too many in the view of a domain that still has its roots: one leads to a
frame of another domain, one to a private page of the hypervisor. Prints which frames these are, and whose view."""

import struct

import gdb

PAGE, ENTRIES = 4096, 512
DIRECT_SLOT = 262 - 256  # hypervisor/memory/layout.h
PRESENT, LARGE = 1, 1 << 7
ADDRESS = 0x000FFFFFFFFFF000


def table_of(entry):
    data = gdb.selected_inferior().read_memory(entry & ADDRESS, PAGE)
    return struct.unpack("<%dQ" % ENTRIES, data)


def last_table(entry):
    """The L1 table of the first page that is mapped below a slot without a large page."""
    for _ in range(2):
        entry = next(e for e in table_of(entry) if e & PRESENT and not e & LARGE)
    return entry & ADDRESS


def add(table, frame):
    index = next(i for i, e in enumerate(table_of(table)) if not e)
    gdb.selected_inferior().write_memory(table + index * 8, struct.pack("<Q", frame * PAGE | PRESENT))


gdb.execute("hbreak recount_isolation")
gdb.execute("continue")
victim, other = (p for p in (gdb.parse_and_eval("domain_table.domain[%d]" % i) for i in range(2)))
domain = gdb.lookup_type("struct domain").pointer()
victim, other = victim.cast(domain), other.cast(domain)
slot = int(victim["view"]["slots"][DIRECT_SLOT])
strange = int(other["vcpu"][0]["mmu"]["kernel_root"]["n"])
print("adds to %s: frames %#x of another domain and %#x" % (victim["name"].string(), strange, (slot & ADDRESS) // PAGE))
gdb.execute("maintenance packet Qqemu.PhyMemMode:1")
for wrong in (strange, (slot & ADDRESS) // PAGE):
    add(last_table(slot), wrong)
gdb.execute("maintenance packet Qqemu.PhyMemMode:0")
gdb.execute("delete")
gdb.execute("detach")

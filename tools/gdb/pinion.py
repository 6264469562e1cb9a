# SPDX-License-Identifier: MIT
"""Commands for gdb at QEMU's stub, while Pinion runs: which domains there are, what a frame is used as, how an
address is translated, and why the last operation was refused.

gdb loads this file by itself when it loads build/pinion.elf, if it is allowed to (`add-auto-load-safe-path build`);
otherwise `source build/pinion.elf-gdb.py`. `help pinion` lists the commands. They only read, and what they read may
change between two reads unless the machine is stopped, which it is at gdb's prompt."""

import gdb

PAGE = 4096
DIRECT_MAP = 0xFFFF830000000000  # hypervisor/memory/layout.h
HYPERVISOR_SLOTS = range(256, 272)

# The words of the frame table: vmmu/frame.h.
COUNT = 0xFFFFFFFF
OWNED, ALLOCATED, SHARED = 1 << 63, 1 << 62, 1 << 61
OWNER_SHIFT, OWNER_MASK = 46, 0x7FFF
TYPE_SHIFT = 60
VALIDATED, LOCKED = 1 << 59, 1 << 32
TYPE_FLAGS = (  # an element is there if all of its bits are set
    (VALIDATED, "validated"),
    (1 << 58, "partial"),
    (1 << 57, "pinned"),
    (VALIDATED | LOCKED, "locked"),
    (1 << 55, "maps devices"),
)

# A page-table entry: lib/x86/pte.h.
PRESENT, WRITABLE, USER, LARGE, NX = 1, 2, 4, 1 << 7, 1 << 63
ADDRESS = 0x000FFFFFFFFFF000
ENTRY_FLAGS = ((1 << 3, "PWT"), (1 << 4, "PCD"), (1 << 5, "accessed"), (1 << 6, "dirty"), (1 << 8, "global"))


def value_of(expression):
    """The number that gdb's expression has; a missing symbol or memory becomes one sentence."""
    try:
        return int(gdb.parse_and_eval(expression))
    except gdb.error as error:
        raise gdb.GdbError("cannot read %s: %s (is the machine past the hypervisor's start?)" % (expression, error))


def argument_words(text, usage, least, most):
    words = gdb.string_to_argv(text)
    if not least <= len(words) <= most:
        raise gdb.GdbError("usage: " + usage)
    return words


def member(value, *names):
    for name in names:
        value = value[name]
    return int(value)


# ---- domains ------------------------------------------------------------------------------------


def domains():
    """The domains of the domain table, in the order of their places."""
    table = gdb.parse_and_eval("domain_table")
    for place in range(int(table["count"])):
        pointer = table["domain"][place]
        if int(pointer):
            yield pointer.cast(gdb.lookup_type("struct domain").pointer()).dereference()


def domain_by_id(text):
    try:
        number = int(text, 0)
    except ValueError:
        raise gdb.GdbError("%s is no domain's number" % text)
    for domain in domains():
        if int(domain["id"]) == number:
            return domain
    raise gdb.GdbError("there is no domain %d" % number)


def vcpus(domain):
    for index in range(int(domain["vcpu_count"])):
        if int(domain["vcpu"][index]):
            yield domain["vcpu"][index].dereference()


def enumerator(type_name, number):
    """The name of an enumerator, such as VCPU_BLOCKED, without its prefix and in small letters."""
    for field in gdb.lookup_type(type_name).fields():
        if field.enumval == number:
            return field.name.split("_", 1)[1].lower().replace("_", " ")
    return "?"


def root_text(vcpu, name):
    number = member(vcpu, "mmu", name, "n")
    return "none" if number >= 1 << 52 or number < 0 else "%#x" % number


def describe_domain(domain):
    name = domain["name"].string()
    held = " held" if int(domain["holds"]) else ""
    print(
        "domain %d %s: %s%s, %d frames, %d refusals"
        % (
            int(domain["id"]),
            name,
            enumerator("enum domain_end", int(domain["end"])),
            held,
            member(domain, "mmu", "frames"),
            member(domain, "mmu", "counters", "refusals"),
        )
    )
    for vcpu in vcpus(domain):
        loaded = vcpu["loaded"]
        where = " on CPU %d" % int(loaded.cast(gdb.lookup_type("struct cpu").pointer())["number"]) if int(loaded) else ""
        print(
            "  vCPU %d: %s%s, %s mode, kernel root %s, user root %s"
            % (
                int(vcpu["id"]),
                enumerator("enum vcpu_state", int(vcpu["state"])),
                where,
                "kernel" if int(vcpu["in_kernel"]) else "user",
                root_text(vcpu, "kernel_root"),
                root_text(vcpu, "user_root"),
            )
        )


class Domains(gdb.Command):
    """pinion domains: the domains, with their vCPUs: state, CPU, mode and roots (frame numbers)."""

    def __init__(self):
        super().__init__("pinion domains", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        argument_words(argument, "pinion domains", 0, 0)
        for domain in domains():
            describe_domain(domain)


# ---- frames -------------------------------------------------------------------------------------


def frame_words(mfn):
    if not 0 <= mfn < value_of("vmmu_engine.count"):
        return None
    return (
        value_of("vmmu_engine.frames[%d].references" % mfn) & (1 << 64) - 1,
        value_of("vmmu_engine.frames[%d].type" % mfn) & (1 << 64) - 1,
    )


def type_name(number):
    """The name of a type, from the hypervisor's own table (vmmu/result.c)."""
    names = gdb.parse_and_eval("type_names")
    return names[number].string() if number <= names.type.range()[1] else "?"


def frame_text(mfn):
    """What the frame table says of a frame, in words."""
    words = frame_words(mfn)
    if words is None:
        return "not in the frame table: no RAM"
    references, use = words
    if not references & OWNED:
        return "a device frame" if references & ALLOCATED else "no domain's: free, or the hypervisor's"
    owner = references >> OWNER_SHIFT & OWNER_MASK
    parts = ["owner domain %d" % owner if any(int(d["id"]) == owner for d in domains()) else "owner %d" % owner]
    parts.append("%d references" % (references & COUNT))
    name = type_name(use >> TYPE_SHIFT)
    if use & COUNT:
        parts.append("%s, %d type references" % (name, use & COUNT))
        parts += [text for bits, text in TYPE_FLAGS if use & bits == bits]
    else:
        parts.append("in no use as a type (last: %s)" % name)
    if not references & ALLOCATED:
        parts.append("its owner has given it back")
    return ", ".join(parts)


class Frame(gdb.Command):
    """pinion frame MFN: owner, references, type and type references of a frame, from the frame table."""

    def __init__(self):
        super().__init__("pinion frame", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        (text,) = argument_words(argument, "pinion frame MFN", 1, 1)
        mfn = value_of(text)
        print("frame %#x: %s" % (mfn, frame_text(mfn)))


# ---- walks --------------------------------------------------------------------------------------


def entry_at(table, index):
    address = DIRECT_MAP + table * PAGE + index * 8
    return value_of("*(unsigned long *)%d" % address) & (1 << 64) - 1


def entry_text(entry, level):
    if not entry & PRESENT:
        return "%#x, not present" % entry
    rights = "user " if entry & USER else "supervisor "
    rights += "read" + ("-write" if entry & WRITABLE else "-only") + ("" if entry & NX else ", execute")
    flags = [text for bit, text in ENTRY_FLAGS if entry & bit]
    if level > 1 and entry & LARGE:
        flags.append("a large page")
    return "%#x: frame %#x, %s%s" % (entry, (entry & ADDRESS) // PAGE, rights, "".join(", " + f for f in flags))


def walk(root, address):
    """Prints the journey of an address from an L4 table to its frame."""
    table = root
    for level in range(4, 0, -1):
        index = address >> 12 + 9 * (level - 1) & 511
        entry = entry_at(table, index)
        print("L%d table %#x (%s)" % (level, table, frame_text(table)))
        print("  entry %d: %s" % (index, entry_text(entry, level)))
        if not entry & PRESENT:
            return
        if level == 4 and index in HYPERVISOR_SLOTS:
            print("  a slot of the hypervisor")
            return
        table = (entry & ADDRESS) // PAGE
        if level > 1 and entry & LARGE:
            return
    print("frame %#x (%s), byte %#x" % (table, frame_text(table), address % PAGE))


class Walk(gdb.Command):
    """pinion walk DOMAIN ADDRESS [VCPU]: how an address is translated by the kernel root of a domain's vCPU (0),
    entry by entry, and what the frame table says of each table and of the frame."""

    def __init__(self):
        super().__init__("pinion walk", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = argument_words(argument, "pinion walk DOMAIN ADDRESS [VCPU]", 2, 3)
        domain, address = domain_by_id(words[0]), value_of(words[1]) & (1 << 64) - 1
        number = value_of(words[2]) if len(words) > 2 else 0
        for vcpu in vcpus(domain):
            if int(vcpu["id"]) == number:
                root = member(vcpu, "mmu", "kernel_root", "n")
                if root < 0 or root >= 1 << 52:
                    raise gdb.GdbError("vCPU %d has no kernel root" % number)
                return walk(root, address)
        raise gdb.GdbError("the domain has no vCPU %d" % number)


# ---- refusals -----------------------------------------------------------------------------------


class WhyRefused(gdb.Command):
    """pinion why-refused [DOMAIN]: the rule that each domain, or this one, has broken last, the refused word, and
    what the frame table says of the frame to which the word points if it is an entry."""

    def __init__(self):
        super().__init__("pinion why-refused", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = argument_words(argument, "pinion why-refused [DOMAIN]", 0, 1)
        for domain in [domain_by_id(words[0])] if words else domains():
            self.explain(domain)

    def explain(self, domain):
        rule = member(domain, "mmu", "last_refusal")
        title = "domain %d %s: " % (int(domain["id"]), domain["name"].string())
        if not rule:
            print(title + "nothing was refused")
            return
        row = gdb.parse_and_eval("results[%d]" % rule)
        word = member(domain, "mmu", "last_word") & (1 << 64) - 1
        print(title + "%s: %s: %#x" % (row["name"].string(), row["sentence"].string(), word))
        if word & PRESENT and word & ADDRESS:
            frame = (word & ADDRESS) // PAGE
            print("  as an entry: " + entry_text(word, 1))
            print("  frame %#x: %s" % (frame, frame_text(frame)))
        elif frame_words(word):
            print("  as a frame number: " + frame_text(word))


class Pinion(gdb.Command):
    """Looks at the domains, frames and page tables of a running Pinion: domains, frame, walk, why-refused."""

    def __init__(self):
        super().__init__("pinion", gdb.COMMAND_DATA, prefix=True)


Pinion()
Domains()
Frame()
Walk()
WhyRefused()

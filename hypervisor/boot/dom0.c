/* SPDX-License-Identifier: MIT */
/* Making a hand-off for the privileged domain. */
#include "hypervisor/boot/dom0.h"
#include "hypervisor/boot/payload.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/time/clock.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/x86/control.h"

#define PAGES_A_MIB 256u

/* The modules of the hand-off. The packed kernel has no user, so that its memory is freed. */
enum module {
    MODULE_PACKED, /* number 0, which stands for none */
    MODULE_KERNEL,
    MODULE_RAMDISK,
    MODULES
};

/* What stays the hypervisor's if the command line does not limit dom0: for page tables, domains
 * and buffers. */
#define KEPT_PAGES    (64 * PAGES_A_MIB)
#define KEPT_FRACTION 16u
/* And what stays in any case. */
#define NEEDED_PAGES    (8 * PAGES_A_MIB)
#define NEEDED_FRACTION 64u

/* Unpacks the kernel in *packed into memory of its own, *kernel. */
static void unpack_kernel(const struct handoff_module *packed, struct handoff_module *kernel)
{
    struct payload payload;
    const char *reason = payload_find(direct(packed->start), packed->size, &payload);
    maddr_t scratch;
    u64 scratch_size, began = read_tsc();

    if (reason) {
        panic("dom0's kernel cannot be used: %s", reason);
    }
    kernel->size = payload.unpacked_size;
    kernel->start = boot_memory_take(payload.unpacked_size, PAGE_SIZE);
    scratch = boot_memory_largest(&scratch_size);
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    reason = unpack(&payload, direct(kernel->start), direct(scratch), scratch_size);
    if (reason) {
        panic("dom0's kernel, packed with %s, cannot be used: %s", payload.packing, reason);
    }
    log_line("dom0's kernel: %llu KiB unpacked with %s, %llu TSC ticks",
             (unsigned long long)(payload.unpacked_size >> 10), payload.packing,
             (unsigned long long)(read_tsc() - began));
}

static void place_modules(struct handoff *handoff)
{
    struct handoff_module given[2] = {{.size = 0}, {.size = 0}};

    memcpy(given, handoff->module,
           sizeof *given * (handoff->module_count < 2 ? handoff->module_count : 2));
    if (handoff->module_count > 1 && !given[1].size) {
        panic("dom0's ramdisk, the second boot module, is empty");
    }
    for (u32 i = 2; i < handoff->module_count; i++) {
        log_line("boot module %u is not used", i);
    }
    memset(handoff->module, 0, sizeof handoff->module);
    handoff->module_count = MODULES;
    if (given[0].size >= 4 && memcmp(direct(given[0].start), "\177ELF", 4) == 0) {
        handoff->module[MODULE_KERNEL] = given[0];
    } else {
        handoff->module[MODULE_PACKED] = given[0];
        unpack_kernel(&given[0], &handoff->module[MODULE_KERNEL]);
    }
    handoff->module[MODULE_KERNEL].users = 1;
    handoff->module[MODULE_RAMDISK] = given[1];
    handoff->module[MODULE_RAMDISK].users = given[1].size != 0;
}

void dom0_read(struct handoff *handoff, const struct boot_options *options, const char *module_text)
{
    struct handoff_guest *guest = &handoff->guest[0];

    if (handoff->module_count == 0) {
        panic("no boot modules: neither a kernel for dom0 nor guests of `pinion run`");
    }
    place_modules(handoff);
    handoff->mitigations = options->mitigations;
    handoff->isolation = options->isolation;
    handoff->audit = options->audit;
    handoff->guest_count = 1;
    guest->privileged = true;
    guest->weight = HANDOFF_WEIGHT;
    memset(guest->cpus, 0xff, sizeof guest->cpus);
    print_to(guest->name, sizeof guest->name, "Domain-0");
    print_to(guest->command_line, sizeof guest->command_line, "%s", module_text);
    guest->vcpus = options->dom0_vcpus;
    guest->kernel = MODULE_KERNEL;
    guest->ramdisk = handoff->module[MODULE_RAMDISK].users ? MODULE_RAMDISK : 0;
}

void dom0_describe(const struct handoff *handoff)
{
    for (u32 i = MODULE_KERNEL; i < MODULES; i++) {
        const struct handoff_module *module = &handoff->module[i];

        if (module->users) {
            log_line("dom0's %s: %llu KiB at %#llx", i == MODULE_KERNEL ? "kernel" : "ramdisk",
                     (unsigned long long)(module->size >> 10), (unsigned long long)module->start.a);
        }
    }
    log_line("dom0's command line: %s", handoff->guest[0].command_line);
}

static u64 without(u64 pages, u64 kept)
{
    return pages > kept ? (pages - kept) / PAGES_A_MIB : 0;
}

void dom0_size(struct handoff_guest *guest, const struct boot_options *options)
{
    u64 free = frames_free_count();
    u64 there = without(free, NEEDED_PAGES + free / NEEDED_FRACTION);
    u64 asked = memory_mib(&options->dom0_memory, there);
    u64 least = memory_mib(&options->dom0_least, there);

    if (!guest->privileged) {
        return;
    }
    if (guest->vcpus == 0) {
        guest->vcpus = cpu_count() < HANDOFF_VCPUS_MAX ? cpu_count() : HANDOFF_VCPUS_MAX;
    }
    guest->most_mib = memory_mib(&options->dom0_most, there);
    if (asked == 0) {
        asked = without(free, KEPT_PAGES + free / KEPT_FRACTION);
    }
    asked = asked > least ? asked : least;
    if (guest->most_mib && asked > guest->most_mib) {
        asked = guest->most_mib;
    }
    guest->memory_mib = asked < there ? asked : there;
    if (guest->memory_mib < asked) {
        log_line("dom0 gets %llu MiB of memory instead of %llu MiB",
                 (unsigned long long)guest->memory_mib, (unsigned long long)asked);
    }
    if (guest->most_mib < guest->memory_mib) {
        guest->most_mib = guest->memory_mib;
    }
}

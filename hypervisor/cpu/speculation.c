/* SPDX-License-Identifier: MIT */
/* The mitigations against leaks by speculation: applying those that were chosen. */
#include "hypervisor/cpu/speculation.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/memory/layout.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/cpu/topology.h"
#include "lib/string.h"
#include "lib/x86/cpuid.h"

#define NAMES_SIZE 300

static struct {
    u32 on; /* the set of mitigations in use; both members are fixed before guests run */
    bool threads_may_differ;
} speculation;

/* ---- reading the processor's properties ------------------------------------------------------ */

static void copy_registers(char *text, u32 a, u32 b, u32 c)
{
    memcpy(text, &a, 4);
    memcpy(text + 4, &b, 4);
    memcpy(text + 8, &c, 4);
    text[12] = 0;
}

static void read_processor(struct processor *processor)
{
    struct cpuid leaf = read_cpuid(0, 0);

    *processor = (struct processor){.signature = read_cpuid(1, 0).eax};
    copy_registers(processor->vendor, leaf.ebx, leaf.edx, leaf.ecx);
    if (read_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) {
        leaf = read_cpuid(0x40000000, 0);
        copy_registers(processor->hypervisor, leaf.ebx, leaf.ecx, leaf.edx);
    }
    if (processor_last_leaf(0) >= 7) {
        leaf = read_cpuid(7, 0);
        processor->basic_7b = leaf.ebx;
        processor->basic_7d = leaf.edx;
        if (leaf.edx & CPUID_7_EDX_CAPABILITIES) {
            processor->capabilities = read_msr(MSR_CAPABILITIES);
        }
    }
    if (processor_last_leaf(0x80000000) >= 0x80000008) {
        processor->extended_8b = read_cpuid(0x80000008, 0).ebx;
    }
    if (processor_last_leaf(0x80000000) >= 0x80000021) {
        processor->extended_21a = read_cpuid(0x80000021, 0).eax;
    }
}

/* ---- reporting ------------------------------------------------------------------------------- */

/* Writes the names of a set of mitigations to `text`, and returns `text` or "none". */
static const char *names_of(u32 set, char text[NAMES_SIZE])
{
    u32 length = 0;

    for (u32 bit = 0; bit < MITIGATIONS; bit++) {
        const char *name = speculation_name(bit);
        u32 size = (u32)strlen(name);

        if (!(set >> bit & 1) || length + size + 3 > NAMES_SIZE) {
            continue;
        }
        if (length) {
            memcpy(text + length, ", ", 2);
            length += 2;
        }
        memcpy(text + length, name, size);
        length += size;
    }
    text[length] = 0;
    return length ? text : "none";
}

static void report(enum mitigations mitigations, u32 lacking, u32 guests)
{
    char names[NAMES_SIZE];

    log_line("speculation: mitigations: %s%s", names_of(speculation.on, names),
             mitigations == MITIGATIONS_OFF ? " (switched off)" : "");
    if (!lacking) {
        return;
    }
    log_line("speculation: needed, but not available: %s", names_of(lacking, names));
    if (mitigations == MITIGATIONS_AUTO) {
        panic("this processor leaks memory by speculation, and a mitigation that it needs is not "
              "available: no guest is started (--mitigations partial starts %s in any case)",
              guests > 1 ? "them" : "it");
    }
}

/* ---- applying -------------------------------------------------------------------------------- */

/* Instructions in entry.S that belong to one mitigation, 7 to 129 bytes. Section .speculation
 * lists them. */
struct site {
    u64 start;
    u32 length, mitigation;
};
extern const struct site speculation_sites[], speculation_sites_end[];

/* Removes the instructions of all mitigations but those in the set `kept`. The entry code is
 * assembled with the instructions of every mitigation. Those of a mitigation that is not needed are
 * replaced by one long no-operation, or by a jump over them. */
static void remove_others(u32 kept)
{
    static const u8 nothing[7] = {0x0f, 0x1f, 0x80, 0, 0, 0, 0};

    for (const struct site *site = speculation_sites; site < speculation_sites_end; site++) {
        u8 *code = direct(maddr(site->start - LAYOUT_IMAGE + LAYOUT_IMAGE_LOAD));
        const u8 jump[2] = {0xeb, (u8)(site->length - sizeof jump)};

        if (kept & site->mitigation) {
            continue;
        }
        if (site->length == sizeof nothing) {
            memcpy(code, nothing, sizeof nothing);
        } else {
            memcpy(code, jump, sizeof jump);
        }
    }
}

bool speculation_start(enum mitigations mitigations, enum isolation isolation, u32 guests)
{
    struct processor processor;
    struct speculation chosen;

    read_processor(&processor);
    chosen = speculation_choose(&processor, guests);
    if (isolation == ISOLATION_NEVER && chosen.on & MITIGATION_ISOLATION) {
        chosen.on &= ~(u32)MITIGATION_ISOLATION;
        chosen.lacking |= MITIGATION_ISOLATION;
    }
    speculation.on = mitigations == MITIGATIONS_OFF ? 0 : chosen.on;
    speculation.threads_may_differ =
        mitigations == MITIGATIONS_OFF || speculation_threads_may_differ(&chosen);
    report(mitigations, chosen.lacking, guests);
    remove_others(speculation.on);
    return isolation == ISOLATION_ALWAYS || speculation.on & MITIGATION_ISOLATION;
}

bool speculation_allows_cpu(void)
{
    return speculation.threads_may_differ || topology_this_thread() == 0;
}

void speculation_start_cpu(void)
{
    u64 control = (speculation.on & MITIGATION_IBRS ? SPEC_CTRL_IBRS : 0) |
                  (speculation.on & MITIGATION_STIBP ? SPEC_CTRL_STIBP : 0);

    if (control) {
        write_msr(MSR_SPEC_CTRL, control);
    }
    if (speculation.on & MITIGATION_AUTOMATIC_IBRS) {
        write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_AIB);
    }
}

/* Fills the processor's return stack, from which it predicts the targets of returns, with the
 * addresses behind 32 calls. If a return is later predicted by such an entry, the processor
 * speculates into an empty loop. */
static void fill_return_stack(void)
{
    u64 count = 16;

    __asm__ volatile("0:\tcall 2f\n"
                     "1:\tpause\n\t"
                     "lfence\n\t"
                     "jmp 1b\n"
                     "2:\tcall 4f\n"
                     "3:\tpause\n\t"
                     "lfence\n\t"
                     "jmp 3b\n"
                     "4:\tdec %0\n\t"
                     "jnz 0b\n\t"
                     "add $256, %%rsp"
                     : "+r"(count)
                     :
                     : "cc", "memory");
}

void speculation_switch(u16 *last, u16 next)
{
    if (*last == next) {
        return;
    }
    *last = next;
    if (speculation.on & MITIGATION_BRANCH_BARRIER) {
        write_msr(MSR_PRED_CMD, PRED_CMD_IBPB);
    }
    if (speculation.on & MITIGATION_L1D_FLUSH) {
        write_msr(MSR_FLUSH_CMD, FLUSH_CMD_L1D);
    }
    if (speculation.on & MITIGATION_RETURN_STACK) {
        fill_return_stack();
    }
}

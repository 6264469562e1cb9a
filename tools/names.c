/* SPDX-License-Identifier: MIT */
/* The names of what the hypervisor reports by number. */
#include "tools/names.h"

#include <stddef.h>

#include "lib/types.h"

static const char *const calls[] = {
    [0] = "set_trap_table",
    [1] = "mmu_update",
    [2] = "set_gdt",
    [3] = "stack_switch",
    [4] = "set_callbacks",
    [5] = "fpu_taskswitch",
    [6] = "sched_op_compat",
    [7] = "platform_op",
    [8] = "set_debugreg",
    [9] = "get_debugreg",
    [10] = "update_descriptor",
    [12] = "memory_op",
    [13] = "multicall",
    [14] = "update_va_mapping",
    [15] = "set_timer_op",
    [16] = "event_channel_op_compat",
    [17] = "xen_version",
    [18] = "console_io",
    [20] = "grant_table_op",
    [21] = "vm_assist",
    [22] = "update_va_mapping_otherdomain",
    [23] = "iret",
    [24] = "vcpu_op",
    [25] = "set_segment_base",
    [26] = "mmuext_op",
    [28] = "nmi_op",
    [29] = "sched_op",
    [30] = "callback_op",
    [32] = "event_channel_op",
    [33] = "physdev_op",
    [35] = "sysctl",
    [36] = "domctl",
    [55] = "watch",
};

static const char *const rules[] = {
    "DONE",
    "AGAIN",
#define REFUSAL(name, error, sentence) #name,
#include "vmmu/refusals.def"
#undef REFUSAL
};

static const char *const counters[] = {
    "entries checked", "updates",         "promotions",    "demotions",     "pins",
    "unpins",          "emulated writes", "root switches", "flushes asked", "flushes sent",
    "flushes skipped", "refusals",        "remote asked",  "remote sent",   "remote skipped",
};

static const char *const traps[] = {
    "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", NULL,
    "#TS", "#NP", "#SS", "#GP", "#PF", NULL,  "#MF", "#AC", "#MC", "#XM",
};

static const char *const system_calls[] = {"syscall", "syscall, 32 bits", "sysenter"};

#define NAME(table, number) ((number) < ARRAY_LENGTH(table) ? (table)[number] : NULL)

const char *name_of_call(unsigned number)
{
    return NAME(calls, number);
}

const char *name_of_rule(unsigned number)
{
    return NAME(rules, number);
}

const char *name_of_counter(unsigned number)
{
    return NAME(counters, number);
}

const char *name_of_trap(unsigned vector)
{
    if (vector >= 256) {
        return NAME(system_calls, vector - 256);
    }
    return vector == 0x80 ? "int 0x80" : NAME(traps, vector);
}

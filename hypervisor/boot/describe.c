/* SPDX-License-Identifier: MIT */
/* Describing the machine in the log. */
#include "hypervisor/boot/describe.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/machine_map.h"
#include "lib/string.h"

#define LEAF_NAME      0x80000002u /* and the next two: 48 bytes */
#define LEAF_NAME_LAST 0x80000004u

static void describe_processor(void)
{
    struct cpuid text[LEAF_NAME_LAST - LEAF_NAME + 1];
    char name[sizeof text + 1];

    if (processor_last_leaf(0x80000000) < LEAF_NAME_LAST) {
        return;
    }
    for (u32 i = 0; i < ARRAY_LENGTH(text); i++) {
        text[i] = read_cpuid(LEAF_NAME + i, 0);
    }
    memcpy(name, text, sizeof text);
    name[sizeof text] = 0;
    log_line("processor: %s", name);
}

static const char *kind_name(u32 kind)
{
    switch (kind) {
    case MACHINE_RAM:
        return "RAM";
    case 3:
        return "ACPI tables";
    case 4:
        return "ACPI NVS";
    default:
        return "reserved";
    }
}

void describe_machine(const char *command_line)
{
    u32 count;
    const struct machine_range *range = machine_map(&count);

    log_line("command line: %s", command_line);
    describe_processor();
    for (u32 i = 0; i < count; i++) {
        log_line("memory %#llx to %#llx: %s", (unsigned long long)range[i].start,
                 (unsigned long long)(range[i].start + range[i].size - 1),
                 kind_name(range[i].type));
    }
}

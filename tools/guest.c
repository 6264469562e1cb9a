/* SPDX-License-Identifier: MIT */
/* Sets and checks the values that describe a guest. */
#include "tools/guest.h"

#include <stdlib.h>
#include <string.h>

const char *const guest_end_word[GUEST_ENDS] = {
    [GUEST_POWEROFF] = "poweroff", [GUEST_REBOOT] = "reboot", [GUEST_CRASH] = "crash"};

void guest_free(struct guest *guest)
{
    free(guest->kernel);
    free(guest->ramdisk);
    free(guest->cmdline);
    *guest = (struct guest){0};
}

void guests_free(struct guests *guests)
{
    while (guests->count) {
        guest_free(&guests->guest[--guests->count]);
    }
}

bool guest_set_name(struct guest *guest, const char *name, struct failure *failure)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t size = strlen(name);

    if (!size || size > HANDOFF_NAME_MAX || name[strspn(name, allowed)]) {
        return refuse(failure, "a name has 1 to %d characters of A-Z a-z 0-9 . _ -",
                      HANDOFF_NAME_MAX);
    }
    memcpy(guest->name, name, size + 1);
    return true;
}

bool guest_set_memory(struct guest *guest, unsigned long long mib, struct failure *failure)
{
    if (!mib || mib > GUEST_MEMORY_MAX) {
        return refuse(failure, "memory is a number of MiB from 1 to %u", GUEST_MEMORY_MAX);
    }
    guest->memory = (unsigned)mib;
    return true;
}

bool guest_set_restarts(struct guest *guest, unsigned long long count, struct failure *failure)
{
    if (count < 1 || count > GUEST_RESTARTS_MAX) {
        return refuse(failure, "restarts is a number from 1 to %u", GUEST_RESTARTS_MAX);
    }
    guest->restarts = (unsigned)count;
    return true;
}

bool guest_set_vcpus(struct guest *guest, unsigned long long count, struct failure *failure)
{
    if (!count || count > GUEST_VCPUS_MAX) {
        return refuse(failure, "vcpus is a number from 1 to %u", GUEST_VCPUS_MAX);
    }
    guest->vcpus = (unsigned)count;
    return true;
}

bool guest_set_weight(struct guest *guest, unsigned long long weight, struct failure *failure)
{
    if (!weight || weight > HANDOFF_WEIGHT_MAX) {
        return refuse(failure, "cpu_weight is a number from 1 to %d", HANDOFF_WEIGHT_MAX);
    }
    guest->weight = (unsigned)weight;
    return true;
}

bool guest_set_cap(struct guest *guest, unsigned long long percent, struct failure *failure)
{
    if (percent > GUEST_VCPUS_MAX * 100) {
        return refuse(failure, "cap is a number of percents of one CPU, up to 100 for each vCPU");
    }
    guest->cap = (unsigned)percent;
    return true;
}

bool guest_check_cap(const struct guest *guest, struct failure *failure)
{
    if (guest->cap > guest->vcpus * 100) {
        return refuse(failure, "cap is at most %u with %u vCPUs, not %u", guest->vcpus * 100,
                      guest->vcpus, guest->cap);
    }
    return true;
}

bool guest_check_cpus(const struct guest *guest, unsigned cpus, struct failure *failure)
{
    unsigned long long machine = ~0ull >> (64 - (cpus < 64 ? cpus : 64));

    for (unsigned i = 0; i < guest->vcpus; i++) {
        if (guest->cpus[i] && !(guest->cpus[i] & machine)) {
            return refuse(failure,
                          "%s: cpus: the machine has none of the CPUs that vCPU %u may run on; it "
                          "has %u (--machine-cpus)",
                          guest->name, i, cpus);
        }
    }
    return true;
}

bool guest_check_cmdline(const char *text, struct failure *failure)
{
    const char *at;

    if (strlen(text) > GUEST_CMDLINE_MAX) {
        return refuse(failure, "a kernel command line has at most %u characters, this one has %zu",
                      GUEST_CMDLINE_MAX, strlen(text));
    }
    for (at = text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            return refuse(failure, "a kernel command line has no control characters");
        }
    }
    return true;
}

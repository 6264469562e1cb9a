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

unsigned long long guests_memory(const struct guests *guests)
{
    unsigned long long mib = 0;

    for (unsigned i = 0; i < guests->count; i++) {
        mib += guests->guest[i].memory;
    }
    return mib;
}

static bool has_controls(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

bool guest_set_name(struct guest *guest, const char *name, struct failure *failure)
{
    size_t size = strlen(name);

    if (!size || size > HANDOFF_NAME_MAX || has_controls(name)) {
        return refuse(failure, "a name has 1 to %d bytes, and no control characters",
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
    guest->vcpus = guest->online = (unsigned)count;
    return true;
}

bool guest_set_maxvcpus(struct guest *guest, unsigned long long most, struct failure *failure)
{
    if (!most || most > GUEST_VCPUS_MAX) {
        return refuse(failure, "maxvcpus is a number from 1 to %u", GUEST_VCPUS_MAX);
    }
    if (most < guest->online) {
        return refuse(failure, "maxvcpus is at least as many as vcpus, which is %u", guest->online);
    }
    guest->vcpus = (unsigned)most;
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
    if (strlen(text) > GUEST_CMDLINE_MAX) {
        return refuse(failure, "a kernel command line has at most %u characters, this one has %zu",
                      GUEST_CMDLINE_MAX, strlen(text));
    }
    if (has_controls(text)) {
        return refuse(failure, "a kernel command line has no control characters");
    }
    return true;
}

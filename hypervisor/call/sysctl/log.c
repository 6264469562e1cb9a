/* SPDX-License-Identifier: MIT */
/* sysctl: the log's text, and reports for the log. */
#include "hypervisor/call/sysctl/keys.h"
#include "hypervisor/call/sysctl/sysctl.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/guest_copy.h"

#define CHUNK     256u
#define KEYS_MOST 128u

s64 sysctl_readconsole(struct sysctl *s)
{
    struct xen_sysctl_readconsole *ask = &s->op.u.readconsole;
    char chunk[CHUNK];
    u32 at = ask->incremental ? ask->index : log_oldest(), done = 0;

    while (done < ask->count) {
        u32 got = log_read(&at, chunk, ask->count - done < CHUNK ? ask->count - done : CHUNK);

        if (!got) {
            break;
        }
        if (!copy_to_guest((u64)ask->buffer.p + done, chunk, got)) {
            return -XEN_EFAULT;
        }
        at += got;
        done += got;
    }
    s->clears = ask->clear; /* when the answer has been written */
    s->clears_to = at;
    ask->index = at;
    ask->count = done;
    s->answers = true;
    return 0;
}

s64 sysctl_debug_keys(struct sysctl *s)
{
    const struct xen_sysctl_debug_keys *ask = &s->op.u.debug_keys;
    char keys[KEYS_MOST];

    if (ask->nr_keys > KEYS_MOST) {
        return -XEN_E2BIG;
    }
    if (!copy_from_guest(keys, (u64)ask->keys.p, ask->nr_keys)) {
        return -XEN_EFAULT;
    }
    for (u32 i = 0; i < ask->nr_keys; i++) {
        key_report(keys[i]);
    }
    return 0;
}

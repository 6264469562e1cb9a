/* SPDX-License-Identifier: MIT */
/* console_io: a guest's messages before its console ring works. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/console/guest_console.h"
#include "hypervisor/domain/domain.h"
#include "vmmu/port.h"

#define CHUNK      256
#define COUNT_MOST 0x7fffffffu

/* Writes the guest's bytes to its console. The arguments advance with the bytes written, so that an
 * interrupted hypercall resumes behind them. */
static s64 write(struct vcpu *vcpu, struct call *call)
{
    char chunk[CHUNK];
    u32 left = (u32)call->argument[1];

    while (left) {
        u32 part = left < CHUNK ? left : CHUNK;

        if (!copy_from_guest(chunk, call->argument[2], part)) {
            return -XEN_EFAULT;
        }
        guest_console_write(vcpu->domain, chunk, part);
        left -= part;
        call->argument[1] = left;
        call->argument[2] += part;
        if (left && port_should_stop()) {
            call->again = true;
            return 0;
        }
    }
    return 0;
}

s64 call_console_io(struct vcpu *vcpu, struct call *call)
{
    if ((u32)call->argument[1] > COUNT_MOST) {
        return -XEN_E2BIG;
    }
    switch ((u32)call->argument[0]) {
    case CONSOLEIO_write:
        return write(vcpu, call);
    case CONSOLEIO_read: /* 0 bytes read: input goes to the console ring only */
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

/* SPDX-License-Identifier: MIT */
/* console_io: the privileged domain's console, and other guests' messages before their console
 * rings work. */
#include "hypervisor/call/call.h"
#include "hypervisor/console/guest_console.h"
#include "hypervisor/console/machine_console.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/guest_copy.h"
#include "vmmu/port.h"

#define CHUNK      256
#define COUNT_MOST 0x7fffffffu
#define READ_MOST                                                                                  \
    4096u /* of input, in one call: a sender that never stops must not keep the CPU                \
           */

/* Logs what a guest says, line by line, within the domain's limit. Bytes that are no printable
 * characters are replaced, since the log may be read on a terminal. */
static void write_to_log(const struct domain *domain, const char *bytes, u32 count)
{
    char line[CHUNK + 1];
    u32 length = 0;

    for (u32 i = 0; i <= count; i++) {
        if (i < count && bytes[i] != '\n') {
            if (bytes[i] != '\r') {
                line[length++] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.';
            }
        } else if (length) {
            line[length] = 0;
            log_limited(domain->place, domain->id, "d%u says: %s", domain->id, line);
            length = 0;
        }
    }
}

/* Writes a part of a domain's message where it belongs: on COM1 for the domain that drives the
 * machine; into the log for others beside it; on COM2 where there is no such domain. */
static void write_part(struct domain *domain, const char *bytes, u32 count)
{
    if (rights_machine(domain)) {
        log_console_write(bytes, count);
    } else if (domain_by_id(0)) {
        write_to_log(domain, bytes, count);
    } else {
        guest_console_write(domain, bytes, count);
    }
}

/* Writes the guest's bytes. The arguments advance with the bytes written, so that an interrupted
 * hypercall resumes behind them. */
static s64 write(struct vcpu *vcpu, struct call *call)
{
    char chunk[CHUNK];
    u32 left = (u32)call->argument[1];

    while (left) {
        u32 part = left < CHUNK ? left : CHUNK;

        if (!copy_from_guest(chunk, call->argument[2], part)) {
            return -XEN_EFAULT;
        }
        write_part(vcpu->domain, chunk, part);
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

/* Gives the domain that drives the machine up to `count` bytes of its console's input. Input that
 * cannot be copied to the guest stays where it is. Returns how many bytes. */
static s64 read(const struct domain *domain, u32 count, u64 to)
{
    char chunk[CHUNK];
    u32 at, part, done = 0;

    count = count < READ_MOST ? count : READ_MOST;
    if (!rights_machine(domain)) {
        return domain_by_id(0) ? -XEN_EPERM : 0; /* without dom0 input goes to the console ring */
    }
    while (done < count) {
        part = machine_console_peek(chunk, count - done < CHUNK ? count - done : CHUNK, &at);
        if (!part) {
            break;
        }
        if (!copy_to_guest(to + done, chunk, part)) {
            return done ? (s64)done : -XEN_EFAULT;
        }
        done += machine_console_take(at, part) ? part : 0;
    }
    return done;
}

s64 call_console_io(struct vcpu *vcpu, struct call *call)
{
    const u32 count = (u32)call->argument[1];

    if (count > COUNT_MOST) {
        return -XEN_E2BIG;
    }
    switch ((u32)call->argument[0]) {
    case CONSOLEIO_write:
        return write(vcpu, call);
    case CONSOLEIO_read:
        return read(vcpu->domain, count, call->argument[2]);
    default:
        return -XEN_ENOSYS;
    }
}

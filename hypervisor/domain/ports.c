/* SPDX-License-Identifier: MIT */
/* The table of I/O ports: which of the machine's the privileged domain may use. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "lib/types.h"

/* The ports that are not simply the privileged domain's: those of devices that the hypervisor uses
 * itself. */
static const struct {
    u16 first, last;
    u8 right; /* enum port_right */
} exceptions[] = {
    {0x20, 0x21, PORT_NONE},       /* the first 8259 */
    {0x40, 0x41, PORT_NONE},       /* the interval timer: channels 0 and 1 */
    {0x42, 0x43, PORT_FILTERED},   /* channel 2, the loudspeaker's, and the command port */
    {0x61, 0x61, PORT_FILTERED},   /* the gate of channel 2 */
    {0xa0, 0xa1, PORT_NONE},       /* the second 8259 */
    {0x3f8, 0x3ff, PORT_NONE},     /* COM1 */
    {0xcf8, 0xcf8, PORT_FILTERED}, /* configuration space: the address */
    {0xcfc, 0xcff, PORT_FILTERED}, /* the data */
};

static enum port_right right_of(u32 port)
{
    for (u32 i = 0; i < ARRAY_LENGTH(exceptions); i++) {
        if (port >= exceptions[i].first && port <= exceptions[i].last) {
            return exceptions[i].right;
        }
    }
    return PORT_FREE;
}

enum port_right rights_port(const struct domain *actor, u16 port, u32 size)
{
    enum port_right right = PORT_FREE;

    if (!actor->privileged || port + size > 0x10000) {
        return PORT_NONE;
    }
    for (u32 i = 0; i < size; i++) {
        enum port_right one = right_of(port + i);

        right = one < right ? one : right;
    }
    return right;
}

/* SPDX-License-Identifier: MIT */
/* A ring of bytes that keeps the last ones. */
#include "hypervisor/log/ring.h"

void ring_put(struct ring *ring, const char *bytes, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        ring->bytes[(ring->end + i) % RING_BYTES] = bytes[i];
    }
    ring->end += count;
    if (ring->end - ring->start > RING_BYTES) {
        ring->start = ring->end - RING_BYTES;
    }
}

u32 ring_from(const struct ring *ring, u32 at)
{
    return ring->end - at > ring->end - ring->start ? ring->start : at;
}

u32 ring_get(const struct ring *ring, u32 at, char *bytes, u32 count)
{
    u32 there = ring->end - at;
    u32 taken = count < there ? count : there;

    for (u32 i = 0; i < taken; i++) {
        bytes[i] = ring->bytes[(at + i) % RING_BYTES];
    }
    return taken;
}

void ring_clear(struct ring *ring, u32 at)
{
    ring->start = ring_from(ring, at);
}

/* SPDX-License-Identifier: MIT */
/* The anchor: known when the image is linked, but for the root and the frame table. */
#include "hypervisor/domain/anchor.h"

#include <stddef.h>

#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/layout.h"
#include "lib/watch_anchor.h"

_Static_assert(WATCH_IMAGE_START == LAYOUT_IMAGE_LOAD &&
                   WATCH_IMAGE_END == LAYOUT_IMAGE_LOAD + LAYOUT_IMAGE_SIZE,
               "where the anchor is looked for");

/* Volatile: nothing in this program reads it, and it must be there as a whole. */
static volatile _Alignas(WATCH_ANCHOR_ALIGN) struct watch_anchor anchor = {
    .magic = WATCH_ANCHOR_MAGIC,
    .version = WATCH_ANCHOR_VERSION,
    .domains_max = DOMAINS_MAX,
    .direct = LAYOUT_DIRECT,
    .domain_id = offsetof(struct domain, id),
    .domain_end = offsetof(struct domain, end),
    .domain_name = offsetof(struct domain, name),
    .vcpu_count = offsetof(struct domain, vcpu_count),
    .vcpu = offsetof(struct domain, vcpu),
    .vcpu_id = offsetof(struct vcpu, id),
    .kernel_root = offsetof(struct vcpu, mmu.kernel_root),
    .user_root = offsetof(struct vcpu, mmu.user_root),
};

void anchor_start(mfn_t root, vaddr_t frame_table, u64 frames)
{
    anchor.domain = domain_table_address();
    anchor.frame_table = frame_table.a;
    anchor.frames = frames;
    anchor.root = maddr_of(root).a;
}

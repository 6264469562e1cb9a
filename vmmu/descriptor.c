/* SPDX-License-Identifier: MIT */
/* Descriptors: which ones a guest may load, and the check of a page of them. */
#include "vmmu/descriptor.h"

#include "lib/x86/descriptor.h"
#include "vmmu/frame.h"

u64 descriptor_installed(u64 descriptor)
{
    const u64 segment = DESCRIPTOR_PRESENT | DESCRIPTOR_SEGMENT;
    return (descriptor & segment) == segment ? descriptor | DESCRIPTOR_RING : descriptor;
}

bool vmmu_descriptor_allowed(u64 descriptor)
{
    if (!(descriptor & DESCRIPTOR_PRESENT)) {
        return true;
    }
    if (descriptor & DESCRIPTOR_SEGMENT) {
        return descriptor_installed(descriptor) == descriptor;
    }
    /* The only system descriptor allowed has the reserved type 0, which no CPU loads. */
    return (descriptor & DESCRIPTOR_TYPE) == 0;
}

bool descriptor_page_adopt(mfn_t m, u64 *word)
{
    _Atomic u64 *page = frame_words(m);

    for (u32 i = 0; i < DESCRIPTORS_PER_PAGE; i++) {
        const u64 descriptor = word_read(&page[i]);
        if (!vmmu_descriptor_allowed(descriptor_installed(descriptor))) {
            *word = descriptor;
            return false;
        }
    }
    for (u32 i = 0; i < DESCRIPTORS_PER_PAGE; i++) {
        const u64 descriptor = word_read(&page[i]);
        if (descriptor_installed(descriptor) != descriptor) {
            word_write(&page[i], descriptor_installed(descriptor));
        }
    }
    return true;
}

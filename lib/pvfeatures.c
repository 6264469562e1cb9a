/* SPDX-License-Identifier: MIT */
/* The features that a PV kernel requires. */
#include "lib/pvfeatures.h"

/* What Pinion has. `writable_page_tables` says of a kernel that it may store to its page tables,
 * which Pinion carries out; XENVER_get_features does not report it, as for any PV guest that must
 * map them read-only. `dom0` is for the kernel itself to miss, where it is no dom0. */
static const char *const provided[] = {"writable_page_tables",      "pae_pgdir_above_4gb",
                                       "mmu_pt_update_preserve_ad", "highmem_assist",
                                       "gnttab_map_avail_bits",     "memory_op_vnode_supported",
                                       "not_direct_mapped",         "dom0"};

static bool is_provided(const u8 *name, u64 size)
{
    for (u32 i = 0; i < sizeof provided / sizeof *provided; i++) {
        u64 same = 0;

        while (same < size && provided[i][same] && (u8)provided[i][same] == name[same]) {
            same++;
        }
        if (same == size && !provided[i][same]) {
            return true;
        }
    }
    return false;
}

bool pvfeatures_lacking(const u8 *text, u64 size, char name[PVFEATURES_NAME])
{
    u64 start = 0;

    for (u64 end = 0; end <= size; end++) {
        bool ends = end == size || !text[end];

        if (!ends && text[end] != '|') {
            continue;
        }
        if (start + 1 < end && text[start] == '!' &&
            !is_provided(text + start + 1, end - start - 1)) {
            u64 length = end - start - 1;

            length = length < PVFEATURES_NAME - 1 ? length : PVFEATURES_NAME - 1;
            for (u64 i = 0; i < length; i++) {
                u8 c = text[start + 1 + i];

                name[i] = c > ' ' && c < 0x7f ? (char)c : '?';
            }
            name[length] = 0;
            return true;
        }
        if (ends) {
            break;
        }
        start = end + 1;
    }
    return false;
}

/* SPDX-License-Identifier: MIT */
/* A PV kernel as an ELF64 image: where its segments go and what its Xen notes ask for.
 *
 * Shared by the command (which checks before it starts anything) and by the hypervisor (which loads
 * it). Freestanding, reads only within the image, trusts none of it. Sources: ELF64, and Xen's
 * public elfnote.h; the __xen_guest section is the old form of the notes. */
#ifndef LIB_PVIMAGE_H
#define LIB_PVIMAGE_H

#include "lib/addr.h"

#define PVIMAGE_SEGMENTS_MAX 16
#define PVIMAGE_UNSET        (~0ull)

enum pvimage_error {
    PVIMAGE_OK = 0,
    PVIMAGE_NOT_ELF,    /* not an ELF file at all */
    PVIMAGE_NOT_X86_64, /* ELF, but not a 64-bit x86 executable */
    PVIMAGE_TRUNCATED,  /* a header or segment lies outside the file */
    PVIMAGE_BAD_LAYOUT, /* segments overlap, wrap, or are too many */
    PVIMAGE_NO_NOTES,   /* no Xen notes: not built for PV */
    PVIMAGE_NO_ENTRY,   /* notes, but neither an ENTRY note nor an ELF entry */
    PVIMAGE_BAD_NOTE,   /* a note's size or value makes no sense */
    PVIMAGE_ERRORS
};

/* One loadable segment. Guest-physical offsets are relative to pfn 0 of the guest. */
struct pvimage_segment {
    u64 file_offset;
    u64 file_size;
    u64 physical;    /* p_paddr - paddr_offset: byte offset in the guest's memory */
    u64 memory_size; /* >= file_size; the rest is zero */
};

struct pvimage {
    u64 virt_base;         /* guest address of guest-physical 0 */
    u64 entry;             /* virtual */
    u64 hypercall_page;    /* virtual, page-aligned; PVIMAGE_UNSET: none */
    u64 init_p2m;          /* virtual; PVIMAGE_UNSET: the p2m list follows the kernel */
    bool ramdisk_unmapped; /* MOD_START_PFN note: start_info.mod_start may be a pfn */
    u64 start, end;        /* guest-physical extent of all segments, byte offsets */
    u32 segment_count;
    struct pvimage_segment segment[PVIMAGE_SEGMENTS_MAX]; /* ascending, not overlapping */
};

/* Reads `size` bytes at `bytes` as a PV kernel. On PVIMAGE_OK fills `image`. */
enum pvimage_error pvimage_read(const void *bytes, u64 size, struct pvimage *image);

/* One sentence for people, without a full stop, e.g. "not an ELF image". */
const char *pvimage_sentence(enum pvimage_error error);

#endif

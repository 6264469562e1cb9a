/* SPDX-License-Identifier: MIT */
/* A PV kernel as an ELF64 image: where its segments belong and what its Xen notes demand.
 *
 * The command uses this to check an image before it starts anything, and the hypervisor to load it.
 * Nothing in the image is trusted, and nothing outside it is read. Sources: ELF64, and Xen's public
 * header elfnote.h; the section __xen_guest holds an older form of the notes. */
#ifndef LIB_PVIMAGE_H
#define LIB_PVIMAGE_H

#include "lib/addr.h"
#include "lib/pvfeatures.h"

#define PVIMAGE_SEGMENTS_MAX 16
#define PVIMAGE_UNSET        (~0ull) /* the image does not have this value */

enum pvimage_error {
    PVIMAGE_OK = 0,
    PVIMAGE_NOT_ELF,       /* no ELF header */
    PVIMAGE_NOT_X86_64,    /* ELF, but not a 64-bit x86 executable */
    PVIMAGE_TRUNCATED,     /* a header or segment does not end within the file */
    PVIMAGE_SHORT_HEADERS, /* the program headers are shorter than ELF64 has them */
    PVIMAGE_NO_SEGMENTS,   /* no segment is to be loaded */
    PVIMAGE_BAD_SIZES,     /* a segment has more bytes in the file than in memory */
    PVIMAGE_BAD_LAYOUT, /* segments overlap, wrap around, are too many, or lie where no guest may */
    PVIMAGE_NO_NOTES,   /* no Xen notes: the kernel was not built for PV */
    PVIMAGE_NO_ENTRY,   /* neither an ENTRY note nor an ELF entry point inside the image */
    PVIMAGE_BAD_NOTE,   /* a note's size or value makes no sense */
    PVIMAGE_LACKING,    /* the note FEATURES requires a feature that Pinion lacks */
    PVIMAGE_ERRORS
};

/* A loadable segment. A guest-physical address is a byte offset from the beginning of pfn 0. */
struct pvimage_segment {
    u64 file_offset; /* within the file; 0 if no byte is read from it */
    u64 file_size;
    u64 physical;    /* guest-physical address: p_paddr - PADDR_OFFSET */
    u64 memory_size; /* at least file_size; bytes that are not in the file are zero */
};

struct pvimage {
    u64 virt_base;         /* virtual address of guest-physical 0 */
    u64 entry;             /* virtual address at which the kernel starts */
    u64 hypercall_page;    /* virtual address, on a page boundary; PVIMAGE_UNSET: none */
    u64 init_p2m;          /* virtual address for the p2m; PVIMAGE_UNSET: behind the ramdisk */
    bool is_linux;         /* the note GUEST_OS says so */
    bool ramdisk_unmapped; /* the ramdisk need not be mapped: start_info.mod_start may be its pfn */
    bool never_dom0; /* the note SUPPORTED_FEATURES is there and says that it cannot be dom0 */
    char lacking[PVFEATURES_NAME]; /* with PVIMAGE_LACKING: that feature's name; otherwise empty */
    u64 start, end;                /* guest-physical range of all segments */
    u32 segment_count;
    struct pvimage_segment segment[PVIMAGE_SEGMENTS_MAX]; /* in ascending order, without overlap */
};

/* Reads and checks the PV kernel of `size` bytes at `bytes`.
 * Returns PVIMAGE_OK and fills in `image`, or the reason why it is not a usable PV kernel (with
 * PVIMAGE_LACKING image->lacking is filled in). */
enum pvimage_error pvimage_read(const void *bytes, u64 size, struct pvimage *image);

/* Returns the reason as words for the user, without a full stop, such as "not an ELF image". Those
 * of PVIMAGE_LACKING have the name of the feature behind them. */
const char *pvimage_sentence(enum pvimage_error error);

#endif

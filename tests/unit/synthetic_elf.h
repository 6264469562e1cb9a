/* SPDX-License-Identifier: MIT */
/* Makes small PV kernels for tests: an ELF header, up to eight segments, notes and a body. */
#ifndef UNIT_SYNTHETIC_ELF_H
#define UNIT_SYNTHETIC_ELF_H

#include <stdlib.h>
#include <string.h>
#include <xen/elfnote.h>
#include "lib/elf64.h"

#define SYNTHETIC_SEGMENTS 20
#define SYNTHETIC_SECTIONS 3
#define SYNTHETIC_BODY_AT  4096u

struct synthetic {
    struct elf64_header header;
    struct elf64_segment segment[SYNTHETIC_SEGMENTS];
    /* Section 0: none, 1: names, 2: for the test. */
    struct elf64_section section[SYNTHETIC_SECTIONS];
    u8 note[1024];
    u32 note_size;
    u32 body_size;
};

void synthetic_note(struct synthetic *elf, u32 type, const void *value, u32 size);

void synthetic_number(struct synthetic *elf, u32 type, u64 value);

/* Gives a kernel that has been started, in the place of ELF notes, their old form: the string
 * `text`, in section 2. */
void synthetic_old_form(struct synthetic *elf, const char *text);

struct elf64_segment *synthetic_segment(struct synthetic *elf, u64 physical, u64 file_size,
                                        u64 memory_size);

/* Starts a kernel with one segment of `body` bytes at physical address 1 MiB, the entry at its
 * start, and no notes yet; segment 0 is the note segment. */
void synthetic_start(struct synthetic *elf, u32 body);

/* Returns the file (the caller frees it): header, segments, notes at 2048, names at 3072, sections
 * at 3200, body at 4096. */
u8 *synthetic_file(struct synthetic *elf, size_t *size);

/* Returns a whole PV kernel with the notes that a kernel needs; the caller frees it. */
u8 *synthetic_kernel(u32 body, size_t *size);

#endif

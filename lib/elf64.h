/* SPDX-License-Identifier: MIT */
/* The structures of ELF64 files that loading a kernel needs. Source: the ELF-64 object file format.
 */
#ifndef LIB_ELF64_H
#define LIB_ELF64_H

#include "lib/types.h"

#define ELF64_MACHINE_X86_64 62
#define ELF64_CLASS_64       2
#define ELF64_DATA_LSB       1
#define ELF64_TYPE_EXEC      2
#define ELF64_TYPE_DYN       3
#define ELF64_SEGMENT_LOAD   1
#define ELF64_SEGMENT_NOTE   4
#define ELF64_SEGMENT_RIGHTS 7u /* in the flags: execute, write, read */
#define ELF64_SECTION_NOTE   7
#define ELF64_SECTION_NOBITS 8

struct elf64_header {
    u8 ident[16]; /* 0x7f 'E' 'L' 'F', then the class, then the byte order */
    u16 type, machine;
    u32 version;
    u64 entry;
    u64 segments_at; /* file offset of the program headers */
    u64 sections_at; /* file offset of the section headers */
    u32 flags;
    u16 header_size;
    u16 segment_header_size, segment_count;
    u16 section_header_size, section_count;
    u16 section_names; /* index of the section with the names of sections */
};

struct elf64_segment {
    u32 type, flags;
    u64 offset, virtual, physical;
    u64 file_size, memory_size, alignment;
};

struct elf64_section {
    u32 name, type;
    u64 flags, address, offset, size;
    u32 link, info;
    u64 alignment, entry_size;
};

/* The head of a note. The note's name and value follow, each padded to a multiple of 4 bytes. */
struct elf64_note {
    u32 name_size, value_size, type;
};

#endif

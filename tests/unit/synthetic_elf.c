/* SPDX-License-Identifier: MIT */
/* Makes small PV kernels for tests: an ELF header, up to eight segments, notes and a body. */
#include "tests/unit/synthetic_elf.h"

void synthetic_note(struct synthetic *elf, u32 type, const void *value, u32 size)
{
    struct elf64_note note = {4, size, type};
    u8 *at = elf->note + elf->note_size;

    memcpy(at, &note, sizeof(note));
    memcpy(at + sizeof(note), "Xen", 4);
    memcpy(at + sizeof(note) + 4, value, size);
    elf->note_size += (u32)sizeof(note) + 4 + ((size + 3) & ~3u);
}

void synthetic_number(struct synthetic *elf, u32 type, u64 value)
{
    synthetic_note(elf, type, &value, sizeof(value));
}

void synthetic_old_form(struct synthetic *elf, const char *text)
{
    elf->segment[0].type = 0;
    elf->note_size = (u32)strlen(text) + 1;
    memcpy(elf->note, text, elf->note_size);
    elf->header.section_count = 3;
    elf->section[2].name = 8;
    elf->section[2].type = 1;
    elf->section[2].offset = 2048;
    elf->section[2].size = elf->note_size;
}

struct elf64_segment *synthetic_segment(struct synthetic *elf, u64 physical, u64 file_size,
                                        u64 memory_size)
{
    struct elf64_segment *segment = &elf->segment[elf->header.segment_count++];

    segment->type = ELF64_SEGMENT_LOAD;
    segment->flags = ELF64_SEGMENT_RIGHTS;
    segment->offset = SYNTHETIC_BODY_AT;
    segment->physical = segment->virtual = physical;
    segment->file_size = file_size;
    segment->memory_size = memory_size;
    return segment;
}

void synthetic_start(struct synthetic *elf, u32 body)
{
    static const u8 ident[16] = {0x7f, 'E', 'L', 'F', ELF64_CLASS_64, ELF64_DATA_LSB, 1};

    memset(elf, 0, sizeof(*elf));
    memcpy(elf->header.ident, ident, sizeof(ident));
    elf->header.type = ELF64_TYPE_EXEC;
    elf->header.machine = ELF64_MACHINE_X86_64;
    elf->header.version = 1;
    elf->header.entry = 0x100000;
    elf->header.segments_at = sizeof(elf->header);
    elf->header.header_size = sizeof(elf->header);
    elf->header.segment_header_size = sizeof(struct elf64_segment);
    elf->header.section_header_size = sizeof(struct elf64_section);
    elf->header.segment_count = 1;
    elf->segment[0].type = ELF64_SEGMENT_NOTE;
    elf->segment[0].offset = 2048;
    elf->body_size = body;
    synthetic_segment(elf, 0x100000, body, body);
}

u8 *synthetic_file(struct synthetic *elf, size_t *size)
{
    static const char names[] = "\0.names\0__xen_guest";
    u8 *file = calloc(1, SYNTHETIC_BODY_AT + elf->body_size);
    u32 i, noise = 12345;

    if (!file) {
        abort();
    }
    elf->segment[0].file_size = elf->segment[0].memory_size = elf->note_size;
    if (elf->header.section_count) {
        elf->header.sections_at = 3200;
        elf->header.section_names = 1;
        elf->section[1].name = 1;
        elf->section[1].type = 3;
        elf->section[1].offset = 3072;
        elf->section[1].size = sizeof(names);
    }
    memcpy(file, &elf->header, sizeof(elf->header));
    memcpy(file + sizeof(elf->header), elf->segment,
           elf->header.segment_count * sizeof(elf->segment[0]));
    memcpy(file + 2048, elf->note, elf->note_size);
    memcpy(file + 3072, names, sizeof(names));
    memcpy(file + 3200, elf->section, sizeof(elf->section));
    for (i = 0; i < elf->body_size; i++) {
        noise = noise * 1103515245 + 12345;
        file[SYNTHETIC_BODY_AT + i] = i % 3 ? (u8)(i >> 8) : (u8)(noise >> 16);
    }
    *size = SYNTHETIC_BODY_AT + elf->body_size;
    return file;
}

u8 *synthetic_kernel(u32 body, size_t *size)
{
    struct synthetic elf;

    synthetic_start(&elf, body);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    synthetic_number(&elf, XEN_ELFNOTE_VIRT_BASE, 0);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100010);
    return synthetic_file(&elf, size);
}

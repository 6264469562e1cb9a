/* SPDX-License-Identifier: MIT */
/* Proves that pvimage reads PV kernels as Xen's own loader does, names what is wrong with other
 * files, and never reads outside the image, for any contents (the image is an exact copy, so that
 * ASan notices). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <xen/features.h>

#include "lib/pvimage.h"
#include "tests/unit/synthetic_elf.h"

#define KERNEL_BASE 0xffffffff80000000ull

static enum pvimage_error read_synthetic(struct synthetic *elf, struct pvimage *image)
{
    enum pvimage_error error;
    size_t size;
    u8 *file = synthetic_file(elf, &size);

    error = pvimage_read(file, size, image);
    free(file);
    return error;
}

static void a_plain_kernel(void **state)
{
    struct synthetic elf;
    struct pvimage image;

    (void)state;
    synthetic_start(&elf, 5000);
    elf.segment[1].memory_size = 9000;
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
    assert_int_equal(image.virt_base, 0);
    assert_int_equal(image.entry, 0x100000);
    assert_true(image.hypercall_page == PVIMAGE_UNSET);
    assert_true(image.init_p2m == PVIMAGE_UNSET);
    assert_false(image.ramdisk_unmapped);
    assert_false(image.is_linux);
    assert_int_equal(image.start, 0x100000);
    assert_int_equal(image.end, 0x100000 + 9000);
    assert_int_equal(image.segment_count, 1);
    assert_int_equal(image.segment[0].file_offset, SYNTHETIC_BODY_AT);
    assert_int_equal(image.segment[0].file_size, 5000);
    assert_int_equal(image.segment[0].memory_size, 9000);
}

static void linux_notes(void **state)
{
    u32 four_bytes = 1;
    struct synthetic elf;
    struct pvimage image;

    (void)state;
    synthetic_start(&elf, 5000);
    elf.header.segment_count = 1;
    synthetic_segment(&elf, 0x1200000, 900, 900); /* segments are not in ascending order */
    synthetic_segment(&elf, 0x1000000, 5000, 5000);
    synthetic_segment(&elf, 0x1100000, 100, 0x1000);
    synthetic_note(&elf, XEN_ELFNOTE_GUEST_OS, "linux", 6);
    synthetic_note(&elf, XEN_ELFNOTE_GUEST_VERSION, "2.6", 4);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    synthetic_number(&elf, XEN_ELFNOTE_VIRT_BASE, KERNEL_BASE);
    synthetic_number(&elf, XEN_ELFNOTE_INIT_P2M, 0x8000000000);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, KERNEL_BASE + 0x1000123);
    synthetic_note(&elf, XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb", 42);
    synthetic_note(&elf, XEN_ELFNOTE_MOD_START_PFN, &four_bytes, 4);
    synthetic_number(&elf, XEN_ELFNOTE_PADDR_OFFSET, 0);
    synthetic_number(&elf, XEN_ELFNOTE_PHYS32_ENTRY, 0x1000200);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
    assert_true(image.virt_base == KERNEL_BASE);
    assert_true(image.entry == KERNEL_BASE + 0x1000123);
    assert_true(image.init_p2m == 0x8000000000);
    assert_true(image.ramdisk_unmapped);
    assert_true(image.is_linux);
    assert_int_equal(image.segment_count, 3);
    assert_int_equal(image.segment[0].physical, 0x1000000);
    assert_int_equal(image.segment[1].physical, 0x1100000);
    assert_int_equal(image.segment[2].physical, 0x1200000);
    assert_int_equal(image.start, 0x1000000);
    assert_int_equal(image.end, 0x1200000 + 900);
}

static void paddr_offset_is_taken_off(void **state)
{
    struct synthetic elf;
    struct pvimage image;

    (void)state;
    synthetic_start(&elf, 5000);
    elf.segment[1].physical = KERNEL_BASE + 0x2000;
    synthetic_number(&elf, XEN_ELFNOTE_VIRT_BASE, KERNEL_BASE);
    synthetic_number(&elf, XEN_ELFNOTE_PADDR_OFFSET, KERNEL_BASE);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, KERNEL_BASE + 0x2000);
    synthetic_number(&elf, XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL_BASE + 0x3000);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
    assert_int_equal(image.segment[0].physical, 0x2000);
    assert_true(image.hypercall_page == KERNEL_BASE + 0x3000);
}

static void kernels_without_pv(void **state)
{
    struct synthetic elf;
    struct pvimage image;

    (void)state;
    synthetic_start(&elf, 5000);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_NOTES);
    synthetic_number(&elf, XEN_ELFNOTE_PHYS32_ENTRY, 0x100000); /* a PVH kernel */
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_NOTES);
    /* Linux with CONFIG_XEN and CONFIG_PVH, but without CONFIG_XEN_PV, has the notes that both
     * share. */
    synthetic_note(&elf, XEN_ELFNOTE_GUEST_OS, "linux", 6);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    synthetic_number(&elf, XEN_ELFNOTE_VIRT_BASE, 0);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_NOTES);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100000);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
}

static void notes_of_others_do_not_count(void **state)
{
    struct synthetic elf;
    struct pvimage image;

    (void)state;
    synthetic_start(&elf, 5000);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    memcpy(elf.note + sizeof(struct elf64_note), "GNU", 4);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_NOTES);
}

static void notes_in_a_section(void **state)
{
    struct synthetic elf;
    struct pvimage image;

    (void)state;
    synthetic_start(&elf, 5000);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100008);
    elf.segment[0].type = 0;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_NOTES);
    elf.header.section_count = 3;
    elf.section[2].type = ELF64_SECTION_NOTE;
    elf.section[2].offset = 2048;
    elf.section[2].size = elf.note_size;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
    assert_int_equal(image.entry, 0x100008);
}

/* Reads a kernel with the old form of notes: the string `text` in place of the ELF notes. */
static enum pvimage_error read_old_form(const char *text, struct pvimage *image)
{
    struct synthetic elf;

    synthetic_start(&elf, 5000);
    synthetic_old_form(&elf, text);
    elf.segment[1].physical = 0x80102000;
    return read_synthetic(&elf, image);
}

static void the_old_string(void **state)
{
    struct pvimage image;

    (void)state;
    assert_int_equal(read_old_form("GUEST_OS=linux,XEN_VER=xen-3.0,VIRT_BASE=0x80000000,"
                                   "VIRT_ENTRY=0x80102100,HYPERCALL_PAGE=0x103,LOADER=generic",
                                   &image),
                     PVIMAGE_OK);
    assert_true(image.virt_base == 0x80000000);
    /* ELF_PADDR_OFFSET defaults to VIRT_BASE. */
    assert_int_equal(image.segment[0].physical, 0x102000);
    assert_true(image.entry == 0x80102100);
    assert_true(image.hypercall_page == 0x80103000);
    assert_int_equal(read_old_form("VIRT_BASE=0x80000000,VIRT_ENTRY=1048576z", &image),
                     PVIMAGE_BAD_NOTE);
    assert_int_equal(read_old_form("VIRT_BASE", &image), PVIMAGE_BAD_NOTE);
    assert_int_equal(read_old_form("XEN_VER=xen-2.0", &image), PVIMAGE_BAD_NOTE);
    assert_int_equal(read_old_form("VIRT_BASE=0x99999999999999999", &image), PVIMAGE_BAD_NOTE);
}

static void not_an_x86_64_elf(void **state)
{
    struct synthetic elf;
    struct pvimage image;

    (void)state;
    assert_int_equal(pvimage_read("", 0, &image), PVIMAGE_NOT_ELF);
    assert_int_equal(
        pvimage_read("MZ and so on, 64 bytes of another format, no matter which one....", 64,
                     &image),
        PVIMAGE_NOT_ELF);
    synthetic_start(&elf, 5000);
    elf.header.machine = 183;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NOT_X86_64);
    synthetic_start(&elf, 5000);
    elf.header.ident[4] = 1;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NOT_X86_64);
    synthetic_start(&elf, 5000);
    elf.header.type = 1;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NOT_X86_64);
}

/* The reader's result for a kernel with the given second segment. */
static enum pvimage_error with_segment(u64 physical, u64 offset, u64 file_size, u64 memory_size)
{
    struct elf64_segment *segment;
    struct synthetic elf;
    struct pvimage image;

    synthetic_start(&elf, 5000);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100000);
    segment = synthetic_segment(&elf, physical, file_size, memory_size);
    segment->offset = offset;
    return read_synthetic(&elf, &image);
}

static void bad_segments(void **state)
{
    struct synthetic elf;
    struct pvimage image;
    u32 i;

    (void)state;
    assert_int_equal(with_segment(0x200000, 4096, 100, 200), PVIMAGE_OK);
    assert_int_equal(with_segment(0x100100, 4096, 100, 200), PVIMAGE_BAD_LAYOUT);
    assert_int_equal(with_segment(0xff000, 4096, 0, 0x1001), PVIMAGE_BAD_LAYOUT);
    assert_int_equal(with_segment(0xff000, 4096, 0, 0x1000), PVIMAGE_OK);
    assert_int_equal(with_segment(0x200000, 4096, 300, 200), PVIMAGE_BAD_SIZES);
    assert_int_equal(with_segment(0x200000, 4096, 1, 0), PVIMAGE_BAD_SIZES);
    assert_int_equal(with_segment(0x200000, 9096, 1, 200), PVIMAGE_TRUNCATED);
    assert_int_equal(with_segment(0x200000, ~0ull, 1, 200), PVIMAGE_TRUNCATED);
    assert_int_equal(with_segment(0x200000, 1, ~0ull, ~0ull), PVIMAGE_TRUNCATED);
    assert_int_equal(with_segment(0x200000, 4096, 0, ~0ull), PVIMAGE_BAD_LAYOUT);
    assert_int_equal(with_segment(~0ull, 4096, 0, 2), PVIMAGE_BAD_LAYOUT);
    assert_int_equal(with_segment(0x7fffffffffff, 4096, 0, 0x1000), PVIMAGE_BAD_LAYOUT);
    synthetic_start(&elf, 5000);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100000);
    for (i = 1; i < PVIMAGE_SEGMENTS_MAX; i++) {
        synthetic_segment(&elf, 0x100000 + i * 0x10000, 1, 1);
    }
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
    assert_int_equal(image.segment_count, PVIMAGE_SEGMENTS_MAX);
    synthetic_segment(&elf, 0x900000, 1, 1);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_BAD_LAYOUT);
    synthetic_start(&elf, 5000);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100000);
    elf.header.segment_count = 1;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_SEGMENTS);
    elf.header.segment_count = 0;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_SEGMENTS);
    synthetic_start(&elf, 5000);
    elf.header.segment_header_size = sizeof(struct elf64_segment) - 1;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_SHORT_HEADERS);
}

/* Offsets that linkers give to what has no bytes: in the file, at its end, beyond it, no number. */
static const u64 anywhere[] = {0, 4096, 4096 + 5000, 1ull << 40, ~0ull};
#define ANYWHERE (sizeof(anywhere) / sizeof(anywhere[0]))

/* A segment without bytes in the file is loaded, wherever its header says that they are, and has no
 * offset outside the file. One that is also empty in memory is left out. */
static void segments_without_bytes(void **state)
{
    (void)state;
    for (u32 i = 0; i < ANYWHERE; i++) {
        struct elf64_segment *segment;
        struct synthetic elf;
        struct pvimage image;

        synthetic_start(&elf, 5000);
        synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100000);
        segment = synthetic_segment(&elf, 0x200000, 0, 9000);
        segment->offset = anywhere[i];
        assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
        assert_int_equal(image.segment_count, 2);
        assert_int_equal(image.segment[1].file_offset, 0);
        assert_int_equal(image.segment[1].file_size, 0);
        assert_int_equal(image.segment[1].memory_size, 9000);
        assert_int_equal(image.end, 0x200000 + 9000);
        segment->memory_size = 0;
        segment->physical = anywhere[i];
        assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
        assert_int_equal(image.segment_count, 1);
        assert_int_equal(image.end, 0x100000 + 5000);
        /* One that may not even be read. */
        segment->flags = 0;
        segment->file_size = segment->memory_size = 9000;
        assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
        assert_int_equal(image.segment_count, 1);
    }
}

/* Segments and sections of notes, and other sections, without contents. */
static void notes_without_bytes(void **state)
{
    (void)state;
    for (u32 i = 0; i < ANYWHERE; i++) {
        struct elf64_segment *segment;
        struct synthetic elf;
        struct pvimage image;

        synthetic_start(&elf, 5000);
        synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100008);
        segment = synthetic_segment(&elf, 0, 0, i);
        segment->type = ELF64_SEGMENT_NOTE;
        segment->offset = anywhere[i];
        assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
        assert_int_equal(image.entry, 0x100008);
        /* The notes are in a section; one before it has none. */
        elf.header.segment_count = 2;
        elf.segment[0].type = 0;
        elf.header.section_count = 3;
        elf.section[0] = (struct elf64_section){
            .type = i % 2 ? ELF64_SECTION_NOTE : 1, .name = 8, .offset = anywhere[i]};
        elf.section[2].type = ELF64_SECTION_NOTE;
        elf.section[2].offset = 2048;
        elf.section[2].size = elf.note_size;
        assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
        assert_int_equal(image.entry, 0x100008);
        elf.section[0] = (struct elf64_section){
            .type = ELF64_SECTION_NOBITS, .offset = anywhere[i], .size = 1ull << 50};
        assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
        /* A string of the old form that is empty. */
        elf.section[2] = (struct elf64_section){.type = 1, .name = 8, .offset = anywhere[i]};
        assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_NOTES);
    }
}

/* Notes without a name, or without a value: Xen reads the latter as 0. */
static void empty_notes(void **state)
{
    struct elf64_note nameless = {0, 4, 1}, nothing = {0, 0, 0};
    struct synthetic elf;
    struct pvimage image;

    (void)state;
    synthetic_start(&elf, 5000);
    memcpy(elf.note, &nothing, sizeof(nothing));
    memcpy(elf.note + sizeof(nothing), &nameless, sizeof(nameless));
    elf.note_size = sizeof(nothing) + sizeof(nameless) + 4;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_NOTES);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100008);
    synthetic_note(&elf, XEN_ELFNOTE_MOD_START_PFN, "", 0);
    synthetic_note(&elf, XEN_ELFNOTE_GUEST_OS, "", 0);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0-x86_64", 15);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
    assert_int_equal(image.entry, 0x100008);
    assert_false(image.ramdisk_unmapped);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "", 0);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_BAD_NOTE);
    /* A name whose size does not count its 0. */
    synthetic_start(&elf, 5000);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100010);
    elf.note[0] = 3;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
    assert_int_equal(image.entry, 0x100010);
}

/* Headers of sections that are missing, or lie outside the file, count as no sections. */
static void sections_without_headers(void **state)
{
    (void)state;
    for (u32 i = 0; i < ANYWHERE * 2; i++) {
        struct synthetic elf;
        struct pvimage image;
        size_t size;
        u8 *file;

        synthetic_start(&elf, 5000);
        synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100008);
        elf.segment[0].type = i % 2 ? ELF64_SEGMENT_NOTE : 0;
        file = synthetic_file(&elf, &size);
        elf.header.sections_at = anywhere[i / 2];
        elf.header.section_count = i % 4 < 2 ? 0 : 0xffff;
        memcpy(file, &elf.header, sizeof(elf.header));
        assert_int_equal(pvimage_read(file, size, &image), i % 2 ? PVIMAGE_OK : PVIMAGE_NO_NOTES);
        free(file);
    }
}

/* The reader's result for a kernel with one number note. */
static enum pvimage_error with_note(u32 type, u64 value, u32 size)
{
    struct synthetic elf;
    struct pvimage image;

    synthetic_start(&elf, 5000);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    synthetic_note(&elf, type, &value, size);
    return read_synthetic(&elf, &image);
}

/* A kernel with this word in its note SUPPORTED_FEATURES; 0 bytes: without the note. */
static bool never_dom0(u32 features, u32 size)
{
    struct synthetic elf;
    struct pvimage image;

    synthetic_start(&elf, 5000);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    if (size) {
        synthetic_note(&elf, XEN_ELFNOTE_SUPPORTED_FEATURES, &features, size);
    }
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_OK);
    return image.never_dom0;
}

static void a_kernel_may_say_that_it_cannot_be_dom0(void **state)
{
    (void)state;
    assert_false(never_dom0(0, 0));
    assert_true(never_dom0(1u << XENFEAT_writable_page_tables, 4));
    assert_false(never_dom0(1u << XENFEAT_writable_page_tables | 1u << XENFEAT_dom0, 4));
    assert_true(never_dom0(~(1u << XENFEAT_dom0), 4));
}

static void bad_notes(void **state)
{
    struct synthetic elf;
    struct pvimage image;

    (void)state;
    assert_int_equal(with_note(XEN_ELFNOTE_ENTRY, 0x100010, 8), PVIMAGE_OK);
    assert_int_equal(with_note(XEN_ELFNOTE_ENTRY, 0x100010, 4), PVIMAGE_OK);
    assert_int_equal(with_note(XEN_ELFNOTE_ENTRY, 0x100010, 3), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_ENTRY, 0x100010, 0), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_ENTRY, 0xfffff, 8), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_ENTRY, 0x100000 + 5000, 8), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_HYPERCALL_PAGE, 0x101000, 8), PVIMAGE_OK);
    assert_int_equal(with_note(XEN_ELFNOTE_HYPERCALL_PAGE, 0x101008, 8), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_HYPERCALL_PAGE, 0x102000, 8), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_INIT_P2M, 0x8000000000, 8), PVIMAGE_OK);
    assert_int_equal(with_note(XEN_ELFNOTE_INIT_P2M, 0x8000000001, 8), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_INIT_P2M, 0xffff800000000000, 8), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_INIT_P2M, 0x800000000000, 8), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_INIT_P2M, 0x100000, 8), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_VIRT_BASE, 0x1008, 8), PVIMAGE_BAD_NOTE);
    assert_int_equal(with_note(XEN_ELFNOTE_VIRT_BASE, 0xffff800000000000, 8), PVIMAGE_BAD_LAYOUT);
    assert_int_equal(with_note(XEN_ELFNOTE_VIRT_BASE, 0xffff87fffff00000, 8), PVIMAGE_NO_ENTRY);
    assert_int_equal(with_note(XEN_ELFNOTE_VIRT_BASE, 0x800000000000, 8), PVIMAGE_BAD_LAYOUT);
    assert_int_equal(with_note(XEN_ELFNOTE_VIRT_BASE, 0xfffffffffff00000, 8), PVIMAGE_BAD_LAYOUT);
    assert_int_equal(with_note(XEN_ELFNOTE_PADDR_OFFSET, 0x100001, 8), PVIMAGE_BAD_LAYOUT);
    synthetic_start(&elf, 5000);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-2.0", 8);
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_BAD_NOTE);
    synthetic_start(&elf, 5000);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    elf.header.entry = 0x10;
    assert_int_equal(read_synthetic(&elf, &image), PVIMAGE_NO_ENTRY);
}

/* ---- hostile images ------------------------------------------------------------------------- */

/* What must hold of every image that was accepted. */
static void check_promises(const struct pvimage *image, size_t size)
{
    u64 end = 0;
    u32 i;

    assert_in_range(image->segment_count, 1, PVIMAGE_SEGMENTS_MAX);
    for (i = 0; i < image->segment_count; i++) {
        const struct pvimage_segment *segment = &image->segment[i];

        assert_true(segment->physical >= end);
        assert_true(segment->file_size <= segment->memory_size);
        assert_true(segment->file_offset <= size &&
                    segment->file_size <= size - segment->file_offset);
        end = segment->physical + segment->memory_size;
        assert_true(end > segment->physical);
    }
    assert_true(image->start == image->segment[0].physical && image->end == end);
    assert_true(image->entry >= image->virt_base + image->start);
    assert_true(image->entry < image->virt_base + image->end);
}

static void every_truncation(void **state)
{
    size_t size, part;
    u8 *file = synthetic_kernel(300, &size);

    (void)state;
    for (part = 0; part <= size; part++) {
        u8 *copy = malloc(part ? part : 1);
        struct pvimage image;

        memcpy(copy, file, part);
        assert_true((pvimage_read(copy, part, &image) == PVIMAGE_OK) == (part == size));
        free(copy);
    }
    free(file);
}

static void every_flipped_bit(void **state)
{
    struct synthetic elf;
    size_t size, bit;
    u8 *file;

    (void)state;
    synthetic_start(&elf, 64);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100010);
    synthetic_number(&elf, XEN_ELFNOTE_INIT_P2M, 0x8000000000);
    elf.header.section_count = 3;
    elf.section[2].type = ELF64_SECTION_NOTE;
    elf.section[2].offset = 2048;
    elf.section[2].size = elf.note_size;
    file = synthetic_file(&elf, &size);
    for (bit = 0; bit < size * 8; bit++) {
        struct pvimage image;

        file[bit / 8] ^= (u8)(1u << bit % 8);
        if (pvimage_read(file, size, &image) == PVIMAGE_OK) {
            check_promises(&image, size);
        }
        file[bit / 8] ^= (u8)(1u << bit % 8);
    }
    free(file);
}

/* Random bytes overwrite the parts that are parsed. The seeds are fixed, so that a failure
 * repeats. */
static void random_damage(void **state)
{
    size_t size, i;
    u8 *file = synthetic_kernel(64, &size), *copy = malloc(size);
    u64 noise = 88172645463325252ull;
    unsigned round;

    (void)state;
    for (round = 0; round < 100000; round++) {
        struct pvimage image;

        memcpy(copy, file, size);
        for (i = 0; i < 1 + round % 6; i++) {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            copy[(noise >> 40) % 2 ? (noise >> 8) % 200 : 2048 + (noise >> 8) % 80] =
                (noise >> 60) % 3 ? (u8)noise : (u8) - (noise & 1);
        }
        if (pvimage_read(copy, size, &image) == PVIMAGE_OK) {
            check_promises(&image, size);
        }
    }
    free(copy);
    free(file);
}

static void every_error_has_a_sentence(void **state)
{
    enum pvimage_error error;

    (void)state;
    for (error = PVIMAGE_OK; error < PVIMAGE_ERRORS; error++) {
        assert_string_not_equal(pvimage_sentence(error), pvimage_sentence(PVIMAGE_ERRORS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_kernel),
        cmocka_unit_test(linux_notes),
        cmocka_unit_test(paddr_offset_is_taken_off),
        cmocka_unit_test(kernels_without_pv),
        cmocka_unit_test(notes_of_others_do_not_count),
        cmocka_unit_test(notes_in_a_section),
        cmocka_unit_test(the_old_string),
        cmocka_unit_test(not_an_x86_64_elf),
        cmocka_unit_test(bad_segments),
        cmocka_unit_test(segments_without_bytes),
        cmocka_unit_test(notes_without_bytes),
        cmocka_unit_test(empty_notes),
        cmocka_unit_test(sections_without_headers),
        cmocka_unit_test(bad_notes),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(a_kernel_may_say_that_it_cannot_be_dom0),
        cmocka_unit_test(every_flipped_bit),
        cmocka_unit_test(random_damage),
        cmocka_unit_test(every_error_has_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

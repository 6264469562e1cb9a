/* SPDX-License-Identifier: MIT */
/* Reads a PV kernel: its Xen notes, its segments, and whether both are consistent.
 *
 * All structures are read by `fetch`, which refuses to read outside the image. A note that is
 * missing has the default of Xen's loader (libelf): VIRT_BASE is 0; PADDR_OFFSET is 0, but
 * VIRT_BASE with the old __xen_guest string; ENTRY is the entry point of the ELF header. */
#include "lib/pvimage.h"

#include <xen/elfnote.h>
#include <xen/features.h>

#include "lib/elf64.h"

#define HOLE_START  0xffff800000000000ull /* the addresses between belong to the hypervisor */
#define HOLE_END    0xffff880000000000ull
#define LOW_END     0x0000800000000000ull /* end of the lower canonical half */
#define SECTION_MAX 4096u                 /* sections that are searched for notes */

/* The image that is being read. */
struct source {
    const u8 *bytes;
    u64 size;
};

/* The values of the notes; PVIMAGE_UNSET: there was no such note. */
struct notes {
    u32 count; /* number of Xen notes */
    u64 virt_base, paddr_offset, entry, hypercall_page, init_p2m, mod_start_pfn, phys32_entry;
    u64 supported; /* a bit for each XENFEAT_ that the kernel can use */
    bool is_linux;
    bool old_form;                 /* the notes come from the __xen_guest string */
    bool hypercall_page_is_index;  /* hypercall_page is a page number, not an address */
    bool bad;                      /* a note has a size or value that makes no sense */
    char lacking[PVFEATURES_NAME]; /* a required feature that Pinion lacks, or empty */
};

/* Says whether a range of bytes lies within the image. A range of no bytes does, wherever its
 * header puts it: linkers give parts without bytes, such as .bss, offsets beyond the end of the
 * file. */
static bool inside(const struct source *from, u64 offset, u64 size)
{
    return !size || (offset <= from->size && size <= from->size - offset);
}

/* Copies `size` bytes from the image. Returns false if they are not all within it. */
static bool fetch(const struct source *from, u64 offset, void *to, u64 size)
{
    u8 *out = to;

    if (!inside(from, offset, size)) {
        return false;
    }
    for (u64 i = 0; i < size; i++) {
        out[i] = from->bytes[offset + i];
    }
    return true;
}

/* Says whether the `size` bytes are exactly the characters of `text`. */
static bool text_equal(const u8 *bytes, u64 size, const char *text)
{
    u64 i;

    for (i = 0; i < size && text[i]; i++) {
        if (bytes[i] != (u8)text[i]) {
            return false;
        }
    }
    return i == size && !text[i];
}

/* ---- notes ---------------------------------------------------------------------------------- */

/* Says whether a text names the interface that PV kernels of this ABI ask for. Some add their
 * machine, such as "xen-3.0-x86_64". */
static bool is_xen_version(const u8 *text, u64 size)
{
    return size >= 7 && text_equal(text, 7, "xen-3.0");
}

/* Reads a little-endian number of 1, 2, 4 or 8 bytes; no bytes are 0, as Xen has it. Returns false
 * for another size. */
static bool note_number(const u8 *value, u32 size, u64 *number)
{
    if (size && size != 1 && size != 2 && size != 4 && size != 8) {
        return false;
    }
    *number = 0;
    for (u32 i = 0; i < size; i++) {
        *number |= (u64)value[i] << (8 * i);
    }
    return true;
}

/* Records one note. */
static void take_note(struct notes *notes, u32 type, const u8 *value, u32 size)
{
    u64 *number = NULL;

    notes->count++;
    switch (type) {
    case XEN_ELFNOTE_ENTRY:
        number = &notes->entry;
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        number = &notes->hypercall_page;
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        number = &notes->virt_base;
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        number = &notes->paddr_offset;
        break;
    case XEN_ELFNOTE_INIT_P2M:
        number = &notes->init_p2m;
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        number = &notes->mod_start_pfn;
        break;
    case XEN_ELFNOTE_PHYS32_ENTRY:
        number = &notes->phys32_entry;
        break;
    case XEN_ELFNOTE_SUPPORTED_FEATURES:
        number = &notes->supported;
        break;
    case XEN_ELFNOTE_FEATURES:
        pvfeatures_lacking(value, size, notes->lacking);
        break;
    case XEN_ELFNOTE_XEN_VERSION:
        notes->bad |= !is_xen_version(value, size);
        break;
    case XEN_ELFNOTE_GUEST_OS:
        while (size && !value[size - 1]) {
            size--;
        }
        notes->is_linux = text_equal(value, size, "linux");
        break;
    default:
        break;
    }
    if (number && !note_number(value, size, number)) {
        notes->bad = true;
    }
}

/* Records the Xen notes in [offset, offset + size) of the image. Returns false if a note does not
 * end within that range. */
static bool walk_notes(const struct source *from, u64 offset, u64 size, struct notes *notes)
{
    struct elf64_note note;

    if (!inside(from, offset, size)) {
        return false;
    }
    while (size >= sizeof(note)) {
        if (!fetch(from, offset, &note, sizeof(note))) {
            return false;
        }
        u64 name_space = ((u64)note.name_size + 3) & ~3ull;
        u64 value_space = ((u64)note.value_size + 3) & ~3ull;
        u64 whole = sizeof(note) + name_space + value_space;
        /* The padding of the last value may be missing. */
        if (sizeof(note) + name_space + note.value_size > size) {
            return false;
        }
        /* Some tools do not count the 0 at the end of the name. */
        if ((note.name_size == 3 || note.name_size == 4) &&
            text_equal(from->bytes + offset + sizeof(note), 3, "Xen")) {
            take_note(notes, note.type, from->bytes + offset + sizeof(note) + name_space,
                      note.value_size);
        }
        if (whole >= size) {
            break;
        }
        offset += whole;
        size -= whole;
    }
    return true;
}

/* ---- the old form: "NAME=VALUE,NAME=VALUE" in section __xen_guest --------------------------- */

/* Reads a whole text as a decimal or, with 0x, hexadecimal number. Returns false if it is none. */
static bool text_number(const u8 *text, u64 size, u64 *number)
{
    u64 i = 0, base = 10;

    if (size > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        i = 2;
    }
    *number = 0;
    if (i == size) {
        return false;
    }
    for (; i < size; i++) {
        u64 digit = text[i] - '0';

        if (text[i] >= 'a' && text[i] <= 'f') {
            digit = text[i] - 'a' + 10u;
        } else if (text[i] >= 'A' && text[i] <= 'F') {
            digit = text[i] - 'A' + 10u;
        }
        if (digit >= base || *number > (~0ull - digit) / base) {
            return false;
        }
        *number = *number * base + digit;
    }
    return true;
}

/* Records one NAME=VALUE of the old form. */
static void take_word(struct notes *notes, const u8 *word, u64 size)
{
    u64 *number = NULL;
    u64 name = 0;

    while (name < size && word[name] != '=') {
        name++;
    }
    if (text_equal(word, name, "VIRT_BASE")) {
        number = &notes->virt_base;
    } else if (text_equal(word, name, "VIRT_ENTRY")) {
        number = &notes->entry;
    } else if (text_equal(word, name, "ELF_PADDR_OFFSET")) {
        number = &notes->paddr_offset;
    } else if (text_equal(word, name, "HYPERCALL_PAGE")) {
        number = &notes->hypercall_page;
    } else if (text_equal(word, name, "FEATURES")) {
        pvfeatures_lacking(word + name + (name < size), size - name - (name < size),
                           notes->lacking);
    } else if (text_equal(word, name, "GUEST_OS")) {
        notes->is_linux = name < size && text_equal(word + name + 1, size - name - 1, "linux");
    } else if (text_equal(word, name, "XEN_VER")) {
        notes->bad |= name == size || !is_xen_version(word + name + 1, size - name - 1);
    }
    if (number == &notes->hypercall_page) {
        notes->hypercall_page_is_index = true;
    }
    if (number && (name == size || !text_number(word + name + 1, size - name - 1, number))) {
        notes->bad = true;
    }
    notes->count++;
}

/* Records the old form: `text`, of `size` bytes, up to its first 0. */
static void walk_words(const u8 *text, u64 size, struct notes *notes)
{
    u64 start = 0;

    notes->old_form = true;
    for (u64 i = 0; i <= size; i++) {
        if (i < size && text[i] && text[i] != ',') {
            continue;
        }
        if (i > start) {
            take_word(notes, text + start, i - start);
        }
        start = i + 1;
        if (i < size && !text[i]) {
            break;
        }
    }
}

/* ---- finding the notes ---------------------------------------------------------------------- */

/* Records the notes in the note segments. Returns false if one lies outside the image. */
static bool notes_in_segments(const struct source *from, const struct elf64_header *header,
                              struct notes *notes)
{
    struct elf64_segment segment;

    for (u32 i = 0; i < header->segment_count; i++) {
        if (!fetch(from, header->segments_at + (u64)i * header->segment_header_size, &segment,
                   sizeof(segment))) {
            return false;
        }
        if (segment.type == ELF64_SEGMENT_NOTE && segment.offset &&
            !walk_notes(from, segment.offset, segment.file_size, notes)) {
            return false;
        }
    }
    return true;
}

/* Reads a section header. Returns false if it or its section lies outside the image. */
static bool section_read(const struct source *from, const struct elf64_header *header, u32 index,
                         struct elf64_section *section)
{
    u64 offset = (u64)index * header->section_header_size;

    if (offset > ~0ull - header->sections_at) {
        return false;
    }
    return fetch(from, header->sections_at + offset, section, sizeof(*section)) &&
           (section->type == ELF64_SECTION_NOBITS || inside(from, section->offset, section->size));
}

/* Says whether a section has this name. names: the section with the names of sections. */
static bool section_is_named(const struct source *from, const struct elf64_section *names,
                             const struct elf64_section *section, const char *name)
{
    u64 size = 0;

    while (name[size]) {
        size++;
    }
    return names->type != ELF64_SECTION_NOBITS && section->name < names->size &&
           names->size - section->name > size &&
           text_equal(from->bytes + names->offset + section->name, size + 1 - 1, name) &&
           !from->bytes[names->offset + section->name + size];
}

/* Records the notes in the note sections or, if there are none, the old string: for images whose
 * segments hold no notes. Section headers that cannot be read count as no sections. */
static void notes_in_sections(const struct source *from, const struct elf64_header *header,
                              struct notes *notes)
{
    struct elf64_section section, names;

    if (header->section_header_size < sizeof(section) || header->section_count > SECTION_MAX) {
        return;
    }
    for (u32 i = 0; i < header->section_count; i++) {
        if (section_read(from, header, i, &section) && section.type == ELF64_SECTION_NOTE) {
            walk_notes(from, section.offset, section.size, notes);
        }
    }
    if (notes->count || header->section_names >= header->section_count ||
        !section_read(from, header, header->section_names, &names)) {
        return;
    }
    for (u32 i = 0; i < header->section_count; i++) {
        if (section_read(from, header, i, &section) && section.type != ELF64_SECTION_NOBITS &&
            section.size && section_is_named(from, &names, &section, "__xen_guest")) {
            walk_words(from->bytes + section.offset, section.size, notes);
        }
    }
}

/* ---- segments ------------------------------------------------------------------------------- */

/* Reads and checks the ELF header. */
static enum pvimage_error header_read(const struct source *from, struct elf64_header *header)
{
    static const u8 magic[4] = {0x7f, 'E', 'L', 'F'};
    u8 start[4];

    if (!fetch(from, 0, start, sizeof(start))) {
        return PVIMAGE_NOT_ELF;
    }
    for (u32 i = 0; i < sizeof(magic); i++) {
        if (start[i] != magic[i]) {
            return PVIMAGE_NOT_ELF;
        }
    }
    if (!fetch(from, 0, header, sizeof(*header))) {
        return PVIMAGE_TRUNCATED;
    }
    if (header->ident[4] != ELF64_CLASS_64 || header->ident[5] != ELF64_DATA_LSB ||
        header->machine != ELF64_MACHINE_X86_64 ||
        (header->type != ELF64_TYPE_EXEC && header->type != ELF64_TYPE_DYN)) {
        return PVIMAGE_NOT_X86_64;
    }
    if (!header->segment_count) {
        return PVIMAGE_NO_SEGMENTS;
    }
    if (header->segment_header_size < sizeof(struct elf64_segment)) {
        return PVIMAGE_SHORT_HEADERS;
    }
    if (!inside(from, header->segments_at,
                (u64)header->segment_count * header->segment_header_size)) {
        return PVIMAGE_TRUNCATED;
    }
    return PVIMAGE_OK;
}

/* Adds a segment to image->segment, which stays in ascending order. Refuses segments that overlap
 * and more than PVIMAGE_SEGMENTS_MAX. */
static enum pvimage_error segment_add(struct pvimage *image, const struct pvimage_segment *segment)
{
    u32 i = image->segment_count;

    if (i == PVIMAGE_SEGMENTS_MAX) {
        return PVIMAGE_BAD_LAYOUT;
    }
    for (; i && image->segment[i - 1].physical > segment->physical; i--) {
        image->segment[i] = image->segment[i - 1];
    }
    image->segment[i] = *segment;
    image->segment_count++;
    if (i &&
        image->segment[i - 1].physical + image->segment[i - 1].memory_size > segment->physical) {
        return PVIMAGE_BAD_LAYOUT;
    }
    if (i + 1 < image->segment_count &&
        segment->physical + segment->memory_size > image->segment[i + 1].physical) {
        return PVIMAGE_BAD_LAYOUT;
    }
    return PVIMAGE_OK;
}

/* Says whether a segment header describes something to load: Xen leaves out a segment that may be
 * neither read, written nor executed. */
static bool is_loaded(const struct elf64_segment *segment)
{
    return segment->type == ELF64_SEGMENT_LOAD && segment->flags & ELF64_SEGMENT_RIGHTS &&
           (segment->memory_size || segment->file_size);
}

static enum pvimage_error segments_read(const struct source *from,
                                        const struct elf64_header *header, u64 paddr_offset,
                                        struct pvimage *image)
{
    enum pvimage_error error = PVIMAGE_OK;
    struct elf64_segment segment;

    for (u32 i = 0; i < header->segment_count && !error; i++) {
        struct pvimage_segment loaded;

        if (!fetch(from, header->segments_at + (u64)i * header->segment_header_size, &segment,
                   sizeof(segment))) {
            return PVIMAGE_TRUNCATED;
        }
        if (!is_loaded(&segment)) {
            continue;
        }
        if (!inside(from, segment.offset, segment.file_size)) {
            return PVIMAGE_TRUNCATED;
        }
        if (segment.file_size > segment.memory_size) {
            return PVIMAGE_BAD_SIZES;
        }
        if (segment.physical < paddr_offset) {
            return PVIMAGE_BAD_LAYOUT;
        }
        loaded.file_offset = segment.file_size ? segment.offset : 0;
        loaded.file_size = segment.file_size;
        loaded.physical = segment.physical - paddr_offset;
        loaded.memory_size = segment.memory_size;
        if (loaded.physical >= LOW_END || loaded.memory_size >= LOW_END) {
            return PVIMAGE_BAD_LAYOUT;
        }
        error = segment_add(image, &loaded);
    }
    if (!error && !image->segment_count) {
        error = PVIMAGE_NO_SEGMENTS;
    }
    if (!error) {
        const struct pvimage_segment *last = &image->segment[image->segment_count - 1];

        image->start = image->segment[0].physical;
        image->end = last->physical + last->memory_size;
    }
    return error;
}

/* ---- notes and segments together ------------------------------------------------------------- */

/* Says whether a guest may use the addresses [start, end): they are canonical, in one half of the
 * address space, and not the hypervisor's. */
static bool guest_range(u64 start, u64 end)
{
    if (start >= end) {
        return false;
    }
    return end <= LOW_END || (start >= HOLE_START && (end <= HOLE_START || start >= HOLE_END));
}

/* Checks that the addresses in the notes fit the segments. */
static enum pvimage_error addresses_check(struct pvimage *image, const struct notes *notes)
{
    u64 first = image->virt_base + image->start;
    u64 last = image->virt_base + image->end;
    u64 page_end = (last + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

    if (page_offset(image->virt_base)) {
        return PVIMAGE_BAD_NOTE;
    }
    if (first < image->virt_base || page_end < last || !guest_range(first, page_end)) {
        return PVIMAGE_BAD_LAYOUT;
    }
    if (image->entry < first || image->entry >= last) {
        return notes->entry == PVIMAGE_UNSET ? PVIMAGE_NO_ENTRY : PVIMAGE_BAD_NOTE;
    }
    if (image->hypercall_page != PVIMAGE_UNSET &&
        (page_offset(image->hypercall_page) || image->hypercall_page < first ||
         image->hypercall_page >= page_end)) {
        return PVIMAGE_BAD_NOTE;
    }
    if (image->init_p2m != PVIMAGE_UNSET &&
        (page_offset(image->init_p2m) ||
         !guest_range(image->init_p2m, image->init_p2m + PAGE_SIZE) ||
         (image->init_p2m >= image->virt_base && image->init_p2m < page_end))) {
        return PVIMAGE_BAD_NOTE;
    }
    return PVIMAGE_OK;
}

enum pvimage_error pvimage_read(const void *bytes, u64 size, struct pvimage *image)
{
    struct source from = {bytes, size};
    struct notes notes = {.virt_base = PVIMAGE_UNSET,
                          .paddr_offset = PVIMAGE_UNSET,
                          .entry = PVIMAGE_UNSET,
                          .hypercall_page = PVIMAGE_UNSET,
                          .init_p2m = PVIMAGE_UNSET,
                          .mod_start_pfn = PVIMAGE_UNSET,
                          .phys32_entry = PVIMAGE_UNSET,
                          .supported = PVIMAGE_UNSET};
    struct elf64_header header;
    enum pvimage_error error = header_read(&from, &header);

    if (error) {
        return error;
    }
    if (!notes_in_segments(&from, &header, &notes)) {
        return PVIMAGE_TRUNCATED;
    }
    if (!notes.count) {
        notes_in_sections(&from, &header, &notes);
    }
    /* A kernel with a 32-bit entry only is a PVH kernel, even if it has notes that PV kernels have,
     * too. */
    if (!notes.count || (notes.phys32_entry != PVIMAGE_UNSET && notes.entry == PVIMAGE_UNSET)) {
        return PVIMAGE_NO_NOTES;
    }
    if (notes.bad) {
        return PVIMAGE_BAD_NOTE;
    }

    *image = (struct pvimage){0};
    if (notes.lacking[0]) {
        for (u32 i = 0; i < PVFEATURES_NAME; i++) {
            image->lacking[i] = notes.lacking[i];
        }
        return PVIMAGE_LACKING;
    }
    image->virt_base = notes.virt_base == PVIMAGE_UNSET ? 0 : notes.virt_base;
    if (notes.paddr_offset == PVIMAGE_UNSET) {
        notes.paddr_offset = notes.old_form ? image->virt_base : 0;
    }
    image->entry = notes.entry == PVIMAGE_UNSET ? header.entry : notes.entry;
    image->hypercall_page = notes.hypercall_page;
    if (notes.hypercall_page_is_index) {
        if (notes.hypercall_page > LOW_END >> PAGE_SHIFT) {
            return PVIMAGE_BAD_NOTE;
        }
        image->hypercall_page = image->virt_base + (notes.hypercall_page << PAGE_SHIFT);
    }
    image->init_p2m = notes.init_p2m;
    image->is_linux = notes.is_linux;
    image->never_dom0 = !(notes.supported >> XENFEAT_dom0 & 1); /* without the note: all bits set */
    image->ramdisk_unmapped = notes.mod_start_pfn != PVIMAGE_UNSET && notes.mod_start_pfn;
    error = segments_read(&from, &header, notes.paddr_offset, image);
    if (error) {
        return error;
    }
    return addresses_check(image, &notes);
}

const char *pvimage_sentence(enum pvimage_error error)
{
    switch (error) {
    case PVIMAGE_OK:
        return "a PV kernel";
    case PVIMAGE_NOT_ELF:
        return "not an ELF image";
    case PVIMAGE_NOT_X86_64:
        return "an ELF image, but not a 64-bit x86 executable";
    case PVIMAGE_TRUNCATED:
        return "truncated: a header or a segment lies outside the file";
    case PVIMAGE_SHORT_HEADERS:
        return "its program headers are shorter than those of a 64-bit ELF image";
    case PVIMAGE_NO_SEGMENTS:
        return "an ELF image without a segment to load";
    case PVIMAGE_BAD_SIZES:
        return "a segment has more bytes in the file than in memory";
    case PVIMAGE_BAD_LAYOUT:
        return "its segments overlap, wrap around, are too many or lie where no guest may";
    case PVIMAGE_NO_NOTES:
        return "no Xen PV notes (ENTRY, VIRT_BASE, XEN_VERSION): a kernel built without "
               "CONFIG_XEN_PV";
    case PVIMAGE_NO_ENTRY:
        return "no ENTRY note, and no ELF entry point inside the image";
    case PVIMAGE_BAD_NOTE:
        return "a Xen note whose size or value makes no sense (XEN_VERSION, ENTRY, VIRT_BASE, "
               "PADDR_OFFSET, HYPERCALL_PAGE, INIT_P2M)";
    case PVIMAGE_LACKING:
        return "its notes require a feature that Pinion lacks";
    case PVIMAGE_ERRORS:
        break;
    }
    return "an unknown error";
}

/* SPDX-License-Identifier: MIT */
/* A QEMU plugin that counts the instructions that a hypervisor executes from its entry, where the
 * boot loader leaves it, to the first instruction of dom0's kernel, and then ends the emulator. The
 * machine must have one CPU.
 *
 * Arguments:
 *   out=FILE    where it writes its result
 *   image=FILE  the hypervisor, an ELF file with a Multiboot 2 header
 *   efi=on      the machine has UEFI: GRUB enters where a tag of the header says, if there is one
 * The entry is recognised by its first bytes of code, since the loader may move the image.
 * It writes one line: two numbers, the instructions at the addresses where the image was loaded,
 * and those at the hypervisor's own, in the slots that the ABI gives it. */
#include <elf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plugin/qemu.h"
#include "bench/who.h"

#define ENTRY_BYTES     12u
#define IMAGE_MAX       (16u << 20) /* bytes */
#define HEADER_WITHIN   32768u
#define HEADER_MAGIC    0xe85250d6u
#define TAG_EFI64_ENTRY 9u

int qemu_plugin_version = QEMU_PLUGIN_INTERFACE;

static uint64_t executed_loaded, executed_high;
static uint8_t entry[ENTRY_BYTES];
static uint64_t entry_at, image_low = ~0ull, image_high;
static bool has_entry;
static bool entered;
static uint64_t moved; /* by how much the loader has moved the image */
static FILE *out;

/* True when the block begins with the entry's bytes, as far as it has them. */
static bool is_entry(const struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb), have = 0;
    uint64_t at = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));

    if ((at ^ entry_at) & 0xfff) {
        return false;
    }
    for (size_t i = 0; i < count && have < ENTRY_BYTES; i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        size_t size = qemu_plugin_insn_size(insn);

        size = size < ENTRY_BYTES - have ? size : ENTRY_BYTES - have;
        if (memcmp(qemu_plugin_insn_data(insn), entry + have, size)) {
            return false;
        }
        have += size;
    }
    return true;
}

static void on_dom0(unsigned cpu, void *data)
{
    (void)cpu;
    (void)data;
    fprintf(out, "%" PRIu64 " %" PRIu64 "\n", executed_loaded, executed_high);
    fclose(out);
    _Exit(0);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);

    (void)id;
    if (executed_high == 0 && is_entry(tb)) {
        entered = true;
        executed_loaded = 0;
        moved = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)) - entry_at;
    }
    for (size_t i = 0; i < count && entered; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        uint64_t *counter = NULL;

        if (address >= HYPERVISOR_HIGH) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_dom0, QEMU_PLUGIN_NO_REGISTERS, NULL);
        } else if (address >= HYPERVISOR_LOW) {
            counter = &executed_high;
        } else if (address - moved >= image_low && address - moved < image_high) {
            counter = &executed_loaded;
        }
        if (counter) {
            qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_ADD_U64, counter, 1);
        }
    }
}

/* ---- the image ---- */

static uint8_t file[IMAGE_MAX];

static uint32_t word_at(size_t at)
{
    uint32_t word;

    memcpy(&word, file + at, sizeof word);
    return word;
}

/* Where GRUB enters on UEFI: as the header's tag says, otherwise `usual`. */
static uint64_t efi_entry(uint64_t usual)
{
    size_t at = 0;

    while (at < HEADER_WITHIN && word_at(at) != HEADER_MAGIC) {
        at += 8;
    }
    for (at += 16; at < HEADER_WITHIN && word_at(at) & 0xffff; at += (word_at(at + 4) + 7) & ~7u) {
        if ((word_at(at) & 0xffff) == TAG_EFI64_ENTRY) {
            return word_at(at + 8);
        }
    }
    return usual;
}

/* A segment: sets the image's bounds, and copies the entry's bytes if they lie in it. */
static void read_segment(uint64_t offset, uint64_t at, uint64_t in_file, uint64_t in_memory)
{
    if (at >= HYPERVISOR_LOW || in_memory == 0) {
        return;
    }
    image_low = at < image_low ? at : image_low;
    image_high = at + in_memory > image_high ? at + in_memory : image_high;
    if (entry_at >= at && entry_at + ENTRY_BYTES <= at + in_file) {
        memcpy(entry, file + offset + entry_at - at, ENTRY_BYTES);
        has_entry = true;
    }
}

static void read_image(const char *name, bool efi)
{
    FILE *from = fopen(name, "r");
    const Elf64_Ehdr *wide = (const Elf64_Ehdr *)file;
    const Elf32_Ehdr *narrow = (const Elf32_Ehdr *)file;
    bool is_wide;

    if (!from || fread(file, 1, sizeof file, from) < sizeof *wide) {
        return;
    }
    fclose(from);
    is_wide = file[EI_CLASS] == ELFCLASS64;
    entry_at = is_wide ? wide->e_entry : narrow->e_entry;
    entry_at = efi ? efi_entry(entry_at) : entry_at;
    for (size_t i = 0; i < (is_wide ? wide->e_phnum : narrow->e_phnum); i++) {
        if (is_wide) {
            const Elf64_Phdr *p = (const Elf64_Phdr *)(file + wide->e_phoff) + i;

            if (p->p_type == PT_LOAD) {
                read_segment(p->p_offset, p->p_paddr, p->p_filesz, p->p_memsz);
            }
        } else {
            const Elf32_Phdr *p = (const Elf32_Phdr *)(file + narrow->e_phoff) + i;

            if (p->p_type == PT_LOAD) {
                read_segment(p->p_offset, p->p_paddr, p->p_filesz, p->p_memsz);
            }
        }
    }
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    const char *image = "";
    bool efi = false;

    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) {
            out = fopen(argv[i] + 4, "w");
        } else if (!strncmp(argv[i], "image=", 6)) {
            image = argv[i] + 6;
        } else if (!strcmp(argv[i], "efi=on")) {
            efi = true;
        } else {
            return fprintf(stderr, "bench plugin: %s: unknown\n", argv[i]), 1;
        }
    }
    read_image(image, efi);
    if (!out || !has_entry) {
        return fprintf(stderr, "bench plugin: out is missing, or image has no entry\n"), 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}

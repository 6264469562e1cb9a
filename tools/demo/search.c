/* SPDX-License-Identifier: MIT */
/* For the isolation test: one guest fills its memory with a secret, another one searches for it. */
#include "tools/demo/search.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#define MIB    (1ul << 20)
#define SECRET 0x5ec2e7f0a5c3b196ull

#define KERNEL_TEXT 0xffffffff80000000ull

/* Counts the words of the secret in one range of memory. */
static bool search_range(FILE *core, uint64_t offset, uint64_t size, size_t *found)
{
    static uint64_t words[1 << 16];
    volatile uint64_t seed = ~SECRET;

    if (fseeko(core, (off_t)offset, SEEK_SET)) {
        return false;
    }
    while (size) {
        size_t piece = size < sizeof(words) ? size : sizeof(words), got, i;

        got = fread(words, 1, piece, core);
        for (i = 0; i < got / sizeof(*words); i++) {
            *found += words[i] == ~seed;
        }
        if (got < piece) {
            return false;
        }
        size -= piece;
    }
    return true;
}

/* Searches all memory that this guest's kernel has, used or free. It is in those segments of
 * /proc/kcore that are the kernel's direct map. */
int search(void)
{
    FILE *core = fopen("/proc/kcore", "r");
    size_t found = 0, searched = 0;
    Elf64_Ehdr header;

    if (!core || fread(&header, sizeof(header), 1, core) != 1) {
        return 1;
    }
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;

        if (fseeko(core, (off_t)(header.e_phoff + i * sizeof(segment)), SEEK_SET) ||
            fread(&segment, sizeof(segment), 1, core) != 1) {
            return 1;
        }
        /* Only the direct map's segments have a physical address. The kernel's text, whose segment
         * has none, is in the direct map, too. */
        if (segment.p_type != PT_LOAD || segment.p_paddr == ~0ull ||
            segment.p_vaddr >= KERNEL_TEXT) {
            continue;
        }
        if (!search_range(core, segment.p_offset, segment.p_filesz, &found)) {
            return 1;
        }
        searched += segment.p_filesz;
    }
    printf("search: %zu MiB searched, %s\n", searched / MIB,
           found ? "the secret is here" : "no secret here");
    return 0;
}

int secret(void)
{
    volatile uint64_t seed = ~SECRET;
    size_t size = fill_size();
    uint64_t *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (area == MAP_FAILED) {
        return 1;
    }
    for (size_t i = 0; i < size / sizeof(*area); i++) {
        area[i] = ~seed;
    }
    printf("secret: %zu MiB written\n", size / MIB);
    fflush(stdout);
    return search();
}

/* SPDX-License-Identifier: MIT */
/* Says what the roots of guests map: reads a dump of physical memory and walks the page tables of
 * each root that is given, of every owner, from all 512 entries of the L4 table on.
 *
 *     walk DUMP CR3...
 *
 * For each root prints a line `root CR3: P pages, M with the marker, C with the canary`, where a
 * page counts if one of its aligned words is that of tests/guests/canary.c. Exit status 2: bad
 * usage, or a file that cannot be read. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SEED    0x9e3779b97f4a7c15ull
#define ADDRESS 0xffffffffff000ull
#define PRESENT 1u
#define LARGE   0x80u
#define PAGE    4096u
#define ENTRIES 512u

static const uint64_t *memory;
static uint64_t memory_size;

struct root {
    uint64_t pages, markers, canaries;
};

static void look_at(struct root *root, uint64_t page)
{
    const uint64_t *words = memory + page / sizeof *words;
    int marker = 0, canary = 0;

    if (page + PAGE > memory_size) { /* a device */
        return;
    }
    for (unsigned i = 0; i < PAGE / sizeof *words; i++) {
        canary |= words[i] == SEED * 3;
        marker |= words[i] == SEED * 5;
    }
    root->pages++;
    root->markers += (uint64_t)marker;
    root->canaries += (uint64_t)canary;
}

static void walk(struct root *root, uint64_t table, unsigned level)
{
    const uint64_t size = (uint64_t)PAGE << 9 * (level - 1); /* that an entry maps */

    if (table + PAGE > memory_size) {
        return;
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        const uint64_t entry = memory[table / sizeof *memory + i], at = entry & ADDRESS;

        if (!(entry & PRESENT)) {
            continue;
        }
        if (level > 1 && !(entry & LARGE && level < 4)) {
            walk(root, at, level - 1);
            continue;
        }
        for (uint64_t done = 0; done < size; done += PAGE) {
            look_at(root, (at & ~(size - 1)) + done);
        }
    }
}

int main(int argc, char **argv)
{
    int file = argc > 2 ? open(argv[1], O_RDONLY) : -1;
    struct stat status;

    if (file < 0 || fstat(file, &status)) {
        fprintf(stderr, "usage: walk DUMP CR3...\n");
        return 2;
    }
    memory_size = (uint64_t)status.st_size;
    memory = mmap(NULL, memory_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) {
        perror(argv[1]);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        struct root root = {0};

        walk(&root, strtoull(argv[i], NULL, 16) & ADDRESS, 4);
        printf("root %s: %llu pages, %llu with the marker, %llu with the canary\n", argv[i],
               (unsigned long long)root.pages, (unsigned long long)root.markers,
               (unsigned long long)root.canaries);
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Says what the roots of guests map: reads a dump of physical memory and walks the page tables of
 * each root that is given, of every owner, from all 512 entries of the L4 table on.
 *
 *     walk DUMP CR3...
 *
 * For each root prints a line `root CR3: P pages, ...`, with the number of pages in which one of
 * the aligned words is one of those of tests/guests/canary.c: N with the marker, N with the user
 * marker, N with the canary, N with the canary of the registers, N with that of the vector
 * registers; and where there is the canary, `: frames N...` with the numbers of the first few of
 * these pages, in hexadecimal. Exit status 2: bad usage, or a file that cannot be read. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SEED    0xd1b54a32d192ed03ull
#define ADDRESS 0xffffffffff000ull
#define PRESENT 1u
#define LARGE   0x80u
#define PAGE    4096u
#define ENTRIES 512u
#define CANARY  2u /* in `words` */
#define NAMED   8u /* frames that are named */

static const uint64_t *memory;
static uint64_t memory_size;

static const struct {
    uint64_t word;
    const char *name;
} words[] = {
    {SEED * 5, "the marker"},
    {SEED * 7, "the user marker"},
    {SEED * 3, "the canary"},
    {SEED * 9, "the canary of the registers"},
    {SEED * 11, "that of the vector registers"},
};
#define WORDS (sizeof words / sizeof words[0])

struct root {
    uint64_t pages, with[WORDS], named[NAMED];
};

static void look_at(struct root *root, uint64_t page)
{
    const uint64_t *contents = memory + page / sizeof *contents;
    int has[WORDS] = {0};

    if (page + PAGE > memory_size) { /* a device */
        return;
    }
    for (unsigned i = 0; i < PAGE / sizeof *contents; i++) {
        for (unsigned w = 0; w < WORDS; w++) {
            has[w] |= contents[i] == words[w].word;
        }
    }
    root->pages++;
    if (has[CANARY] && root->with[CANARY] < NAMED) {
        root->named[root->with[CANARY]] = page / PAGE;
    }
    for (unsigned w = 0; w < WORDS; w++) {
        root->with[w] += (uint64_t)has[w];
    }
}

static void print_root(const char *name, const struct root *root)
{
    printf("root %s: %llu pages", name, (unsigned long long)root->pages);
    for (unsigned w = 0; w < WORDS; w++) {
        printf(", %llu with %s", (unsigned long long)root->with[w], words[w].name);
    }
    for (unsigned i = 0; i < NAMED && i < root->with[CANARY]; i++) {
        printf("%s %llx", i == 0 ? ": frames" : "", (unsigned long long)root->named[i]);
    }
    printf("\n");
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
        print_root(argv[i], &root);
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Reads the guests' files, checks that the guests have room for them, and writes the bundle. */
#include "tools/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/cpulist.h"

#define MIB            (1ull << 20)
#define NOT_EXECUTABLE 8u /* MFD_NOEXEC_SEAL, which the C library does not have yet */
#define HYPERVISOR                                                                                 \
    64u /* MiB for firmware, the hypervisor, and what it allocates while guests run */
/* Bytes for each frame of memory: 16 in the frame table, 8 in the M2P, an eighth in the dirty map.
 */
#define FRAME_COST 25u
#define PADDING    (512ull << 10) /* free space that the ABI promises behind the boot stack */

/* Pages for start_info, xenstore, console, the boot stack, and page tables above level 1. */
#define SPECIAL_PAGES 8ull

/* Rounds a value up to a multiple of `unit`. */
static unsigned long long round_up(unsigned long long value, unsigned long long unit)
{
    return (value + unit - 1) / unit * unit;
}

/* By the ABI a new guest's memory holds the kernel's image, the ramdisk, the p2m, special pages,
 * and the page tables that map all of these. The p2m grows with the memory, so the sum is computed
 * until it does not change any more. */
unsigned long long guest_memory_needed(const struct pvimage *image, unsigned long long ramdisk)
{
    unsigned long long fixed = round_up(image->end, PAGE_SIZE) + round_up(ramdisk, PAGE_SIZE);
    unsigned long long needed = round_up(fixed, MIB), before = 0;

    while (needed != before) {
        unsigned long long p2m = round_up(needed / PAGE_SIZE * 8, PAGE_SIZE);
        unsigned long long mapped = fixed + p2m + SPECIAL_PAGES * PAGE_SIZE + PADDING;
        unsigned long long tables = round_up(mapped, 4 * MIB) / (2 * MIB) + p2m / (2 * MIB) + 4;

        before = needed;
        needed = round_up(mapped + tables * PAGE_SIZE, MIB);
    }
    return needed / MIB;
}

unsigned bundle_machine_memory(const struct bundle *bundle, const struct guests *guests)
{
    unsigned long long mib = HYPERVISOR + guests_memory(guests), modules = 0;

    for (unsigned i = 0; i < bundle->modules; i++) {
        modules += round_up(bundle->module[i].size, PAGE_SIZE);
    }
    mib += round_up(modules, MIB) / MIB;
    mib += round_up(mib * MIB / PAGE_SIZE * FRAME_COST, MIB) / MIB;
    return (unsigned)round_up(mib, 4);
}

/* ---- modules -------------------------------------------------------------------------------- */

/* Returns the number of the module with these contents, which is added if there is none. The buffer
 * belongs to the bundle afterwards. */
static unsigned add_module(struct bundle *bundle, struct buffer *contents,
                           const struct pvimage *image)
{
    unsigned i;

    for (i = 0; i < bundle->modules; i++) {
        if (bundle->module[i].size != contents->size || bundle->is_kernel[i] != (image != NULL) ||
            memcmp(bundle->module[i].bytes, contents->bytes, contents->size)) {
            continue;
        }
        buffer_free(contents);
        return i + 1;
    }
    bundle->module[i] = *contents;
    bundle->is_kernel[i] = image != NULL;
    if (image) {
        bundle->image[i] = *image;
    }
    *contents = (struct buffer){0};
    return ++bundle->modules;
}

static void say(struct bundle *bundle, const char *word, const char *value)
{
    buffer_append(&bundle->text, word, strlen(word));
    buffer_append(&bundle->text, " ", 1);
    buffer_append(&bundle->text, value, strlen(value));
    buffer_append(&bundle->text, "\n", 1);
}

static void say_number(struct bundle *bundle, const char *word, unsigned number)
{
    char digits[16];

    snprintf(digits, sizeof(digits), "%u", number);
    say(bundle, word, digits);
}

/* Adds the guest's scheduling settings that differ from the defaults. */
static void say_scheduling(struct bundle *bundle, const struct guest *guest)
{
    char line[8 + 3 * HANDOFF_CPUS_MAX];

    if (guest->weight && guest->weight != HANDOFF_WEIGHT) {
        say_number(bundle, "weight", guest->weight);
    }
    if (guest->cap) {
        say_number(bundle, "cap", guest->cap);
    }
    for (unsigned i = 0; i < guest->vcpus; i++) {
        int size = snprintf(line, sizeof(line), "%u ", i);

        if (!guest->cpus[i] || guest->cpus[i] == CPULIST_ALL) {
            continue;
        }
        for (unsigned cpu = 0; cpu < HANDOFF_CPUS_MAX; cpu++) {
            if (guest->cpus[i] >> cpu & 1) {
                size += snprintf(line + size, sizeof(line) - (size_t)size, "%u,", cpu);
            }
        }
        line[size - 1] = 0; /* removes the last comma */
        say(bundle, "affinity", line);
    }
}

/* Reads a guest's kernel. If an earlier guest has the same file, its module is used, because
 * unpacking takes about a second. */
static bool read_kernel(struct bundle *bundle, const struct guests *guests, unsigned index,
                        const unsigned *kernels, unsigned *module, struct failure *failure)
{
    struct kernel kernel;

    for (unsigned i = 0; i < index; i++) {
        if (!strcmp(guests->guest[i].kernel, guests->guest[index].kernel)) {
            *module = kernels[i];
            return true;
        }
    }
    if (!kernel_read(guests->guest[index].kernel, &kernel, failure)) {
        return false;
    }
    *module = add_module(bundle, &kernel.elf, &kernel.image);
    return true;
}

static bool read_ramdisk(struct bundle *bundle, const char *path, unsigned *module,
                         struct failure *failure)
{
    struct buffer ramdisk = {0};

    if (!buffer_read_file(&ramdisk, path, failure)) {
        buffer_free(&ramdisk);
        return false;
    }
    if (!ramdisk.size) {
        buffer_free(&ramdisk);
        return refuse(failure, "%s: the ramdisk is empty", path);
    }
    *module = add_module(bundle, &ramdisk, NULL);
    return true;
}

static bool check_memory(const struct bundle *bundle, const struct guest *guest, unsigned kernel,
                         unsigned ramdisk, struct failure *failure)
{
    unsigned long long needed = guest_memory_needed(&bundle->image[kernel - 1],
                                                    ramdisk ? bundle->module[ramdisk - 1].size : 0);

    if (guest->memory >= needed) {
        return true;
    }
    return refuse(failure,
                  "%s: %u MiB of memory are too small for the kernel and ramdisk: they need at "
                  "least %llu MiB",
                  guest->name, guest->memory, needed);
}

static void say_restarts(struct bundle *bundle, const struct guest *guest)
{
    unsigned end;

    for (end = 0; end < GUEST_ENDS; end++) {
        if (guest->restart[end]) {
            say(bundle, "restart", guest_end_word[end]);
        }
    }
    if (guest->restarts) {
        say_number(bundle, "restarts", guest->restarts);
    }
}

static void say_machine(struct bundle *bundle, const struct bundle_machine *machine)
{
    say(bundle, "pinion", "1");
    if (machine->mitigations) {
        say(bundle, "mitigations", machine->mitigations);
    }
    if (machine->isolation) {
        say(bundle, "isolation", machine->isolation);
    }
    if (machine->ram_zeroed) {
        say(bundle, "ram", "zeroed");
    }
    if (machine->audit) {
        say(bundle, "audit", "on");
    }
    if (machine->trace) {
        say(bundle, "trace", machine->trace);
    }
}

/* Adds the kernel command line. For a Linux that is to leave vCPUs offline it begins with their
 * number, because without a xenstore Linux learns it in no other way. The word comes first because
 * what follows `--` is not read as a parameter, and so that a maxcpus of the user's own counts. */
static bool say_cmdline(struct bundle *bundle, const struct guest *guest,
                        const struct pvimage *image, struct failure *failure)
{
    const char *own = guest->cmdline ? guest->cmdline : "";
    char text[GUEST_CMDLINE_MAX + 32];
    struct failure reason;
    int size = 0;

    if (guest->online < guest->vcpus && image->is_linux) {
        size = snprintf(text, sizeof(text), "maxcpus=%u%s", guest->online, own[0] ? " " : "");
    }
    snprintf(text + size, sizeof(text) - (size_t)size, "%s", own);
    if (!guest_check_cmdline(text, &reason)) {
        return refuse(failure, "%s: with \"maxcpus=%u \" before it: %.600s", guest->name,
                      guest->online, reason.sentence);
    }
    if (text[0]) {
        say(bundle, "cmdline", text);
    }
    return true;
}

bool bundle_read(struct bundle *bundle, const struct guests *guests,
                 const struct bundle_machine *machine, struct failure *failure)
{
    unsigned kernels[HANDOFF_GUESTS_MAX];

    *bundle = (struct bundle){0};
    say_machine(bundle, machine);
    for (unsigned i = 0; i < guests->count; i++) {
        const struct guest *guest = &guests->guest[i];
        unsigned ramdisk = 0;

        if (!read_kernel(bundle, guests, i, kernels, &kernels[i], failure) ||
            (guest->ramdisk && !read_ramdisk(bundle, guest->ramdisk, &ramdisk, failure)) ||
            !check_memory(bundle, guest, kernels[i], ramdisk, failure)) {
            bundle_free(bundle);
            return false;
        }
        say(bundle, "guest", guest->name);
        say_number(bundle, "memory", guest->memory);
        say_number(bundle, "vcpus", guest->vcpus);
        say_restarts(bundle, guest);
        say_scheduling(bundle, guest);
        say_number(bundle, "kernel", kernels[i]);
        if (ramdisk) {
            say_number(bundle, "ramdisk", ramdisk);
        }
        if (!say_cmdline(bundle, guest, &bundle->image[kernels[i] - 1], failure)) {
            bundle_free(bundle);
            return false;
        }
    }
    return true;
}

/* ---- memory files --------------------------------------------------------------------------- */

/* A system may refuse memory files that could be executed (sysctl vm.memfd_noexec); one before
 * Linux 6.3 does not know the flag. */
static int make_file(void)
{
    int file = memfd_create("pinion", MFD_CLOEXEC | NOT_EXECUTABLE);

    return file < 0 && errno == EINVAL ? memfd_create("pinion", MFD_CLOEXEC) : file;
}

/* Moves the contents to a new memory file. Returns its descriptor; -1: that failed. */
static int write_file(struct buffer *contents, struct failure *failure)
{
    int file = make_file();
    size_t done = 0;

    while (file >= 0 && done < contents->size) {
        ssize_t wrote = write(file, contents->bytes + done, contents->size - done);

        if (wrote < 0 && errno != EINTR) {
            break;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    if (file < 0 || done < contents->size) {
        refuse(failure, "a memory file of %zu bytes cannot be made: %s", contents->size,
               strerror(errno));
        if (file >= 0) {
            close(file);
        }
        return -1;
    }
    free(contents->bytes);
    contents->bytes = NULL;
    contents->room = 0;
    return file;
}

bool bundle_write(struct bundle *bundle, struct failure *failure)
{
    for (unsigned i = 0; i <= bundle->modules; i++) {
        int file = write_file(i ? &bundle->module[i - 1] : &bundle->text, failure);

        if (file < 0) {
            return false;
        }
        bundle->file[bundle->files++] = file;
    }
    return true;
}

void bundle_release(struct bundle *bundle)
{
    while (bundle->files) {
        int file = bundle->file[--bundle->files];

        /* The emulator keeps its descriptor until it ends, so closing ours frees no memory. */
        if (ftruncate(file, 0)) {
            ; /* then the memory is freed when the emulator ends */
        }
        close(file);
    }
}

void bundle_free(struct bundle *bundle)
{
    bundle_release(bundle);
    while (bundle->modules) {
        buffer_free(&bundle->module[--bundle->modules]);
    }
    buffer_free(&bundle->text);
}

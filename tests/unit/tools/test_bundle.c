/* SPDX-License-Identifier: MIT */
/* Proves that the command makes the bundle that lib/handoff.h promises to the hypervisor (the text,
 * and each module once although several guests have the same contents), puts it into memory files
 * that have no name on any disk, and checks that the machine's memory is enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/synthetic_elf.h"
#include "tools/bundle.h"

static char folder[64];

static char *write_file(const char *name, const void *bytes, size_t size)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    return copy_text(path);
}

static u8 *linux_kernel(size_t *size)
{
    struct synthetic elf;

    synthetic_start(&elf, 1000);
    synthetic_note(&elf, XEN_ELFNOTE_GUEST_OS, "linux", 6);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    synthetic_number(&elf, XEN_ELFNOTE_VIRT_BASE, 0);
    synthetic_number(&elf, XEN_ELFNOTE_ENTRY, 0x100010);
    return synthetic_file(&elf, size);
}

static int make_files(void **state)
{
    size_t size;
    u8 *kernel = synthetic_kernel(1000, &size);

    (void)state;
    strcpy(folder, "/tmp/pinion-test.XXXXXX");
    if (!mkdtemp(folder)) {
        return 1;
    }
    free(write_file("kernel", kernel, size));
    free(write_file("same", kernel, size));
    kernel[size - 1] ^= 1;
    free(write_file("other", kernel, size));
    free(kernel);
    kernel = linux_kernel(&size);
    free(write_file("linux", kernel, size));
    free(write_file("ramdisk", "ramdisk", 7));
    free(write_file("empty", "", 0));
    free(kernel);
    return 0;
}

static int remove_files(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    return system(command);
}

static void set_guest(struct guests *guests, const char *name, const char *kernel,
                      const char *ramdisk, const char *cmdline)
{
    struct guest *guest = &guests->guest[guests->count++];
    char path[128];

    strcpy(guest->name, name);
    snprintf(path, sizeof(path), "%s/%s", folder, kernel);
    guest->kernel = copy_text(path);
    if (ramdisk) {
        snprintf(path, sizeof(path), "%s/%s", folder, ramdisk);
        guest->ramdisk = copy_text(path);
    }
    guest->cmdline = cmdline ? copy_text(cmdline) : NULL;
    guest->memory = 10 * guests->count;
    guest->vcpus = guest->online = 1;
}

static void the_text(void **unused)
{
    static const char expected[] =
        "pinion 1\nmitigations partial\nisolation always\nram zeroed\naudit on\ntrace slow\n"
        "guest a\nmemory 10\nvcpus 1\nkernel 1\nramdisk 2\ncmdline x  y=z\n"
        "guest b\nmemory 20\nvcpus 3\nweight 512\ncap 250\naffinity 0 0,2,3\naffinity 2 63\nkernel "
        "1\n"
        "guest c\nmemory 30\nvcpus 1\nkernel 3\nramdisk 2\n";
    struct failure failure = {""};
    struct guests guests = {0};
    struct bundle bundle;
    struct buffer written = {0};
    struct stat state;
    char path[32];
    int other;
    const struct bundle_machine machine = {"partial", "always", true, true, "slow"};

    (void)unused;
    set_guest(&guests, "a", "kernel", "ramdisk", "x  y=z");
    set_guest(&guests, "b", "same", NULL, "");
    guests.guest[1].vcpus = 3;
    guests.guest[1].online = 2; /* no word for a kernel that is no Linux */
    guests.guest[1].weight = 512;
    guests.guest[1].cap = 250;
    guests.guest[1].cpus[0] = 0xd;
    guests.guest[1].cpus[1] = ~0ull; /* all CPUs: the text does not mention them */
    guests.guest[1].cpus[2] = 1ull << 63;
    set_guest(&guests, "c", "other", "ramdisk", NULL);
    guests.guest[2].weight = HANDOFF_WEIGHT;
    assert_true(bundle_read(&bundle, &guests, &machine, &failure));
    assert_int_equal(bundle.modules, 3);
    assert_int_equal(bundle.text.size, sizeof(expected) - 1);
    assert_memory_equal(bundle.text.bytes, expected, sizeof(expected) - 1);
    assert_true(bundle_machine_memory(&bundle, &guests) >= 60 + 64);

    assert_true(bundle_write(&bundle, &failure));
    assert_int_equal(bundle.files, 4);
    assert_null(bundle.text.bytes); /* not in memory twice */
    assert_int_equal(bundle.module[1].size, 7);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(fstat(bundle.file[i], &state), 0);
        assert_int_equal(state.st_nlink, 0);
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", bundle.file[2]);
    assert_true(buffer_read_file(&written, path, &failure));
    assert_int_equal(written.size, 7);
    assert_memory_equal(written.bytes, "ramdisk", 7);
    buffer_free(&written);
    other = dup(bundle.file[2]); /* the emulator's */
    bundle_release(&bundle);
    assert_int_equal(fstat(other, &state), 0);
    assert_int_equal(state.st_size, 0);
    assert_int_equal(state.st_blocks, 0);
    close(other);
    bundle_free(&bundle);
    guests_free(&guests);
}

/* For a Linux with fewer vCPUs online than it has, the command line begins with their number. */
static void vcpus_that_start_offline(void **state)
{
    static const struct {
        unsigned online;
        const char *cmdline, *expected;
    } right[] = {
        {2, "a -- b", "maxcpus=2 a -- b"},
        {1, NULL, "maxcpus=1"},
        {4, "a", "a"},
    };
    const struct bundle_machine machine = {0};
    char too_long[GUEST_CMDLINE_MAX + 1] = "";
    struct failure failure;
    struct bundle bundle;

    (void)state;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        struct guests guests = {0};
        char expected[200];

        set_guest(&guests, "a", "linux", NULL, right[i].cmdline);
        guests.guest[0].vcpus = 4;
        guests.guest[0].online = right[i].online;
        assert_true(bundle_read(&bundle, &guests, &machine, &failure));
        buffer_append(&bundle.text, "", 1);
        snprintf(expected, sizeof(expected), "vcpus 4\nkernel 1\ncmdline %s\n", right[i].expected);
        assert_non_null(strstr((char *)bundle.text.bytes, expected));
        bundle_free(&bundle);
        guests_free(&guests);
    }
    struct guests guests = {0};
    memset(too_long, 'x', GUEST_CMDLINE_MAX);
    set_guest(&guests, "a", "linux", NULL, too_long);
    guests.guest[0].vcpus = 2;
    assert_false(bundle_read(&bundle, &guests, &machine, &failure));
    assert_string_equal(failure.sentence,
                        "a: with \"maxcpus=1 \" before it: a kernel command line has at most 1023 "
                        "characters, this one has 1033");
    guests_free(&guests);
}

/* Asserts that one guest with these files is refused, with a sentence that contains `what`. */
static void refused(const char *kernel, const char *ramdisk, unsigned memory, const char *what)
{
    struct failure failure = {""};
    const struct bundle_machine machine = {0};
    struct guests guests = {0};
    struct bundle bundle;

    set_guest(&guests, "a", kernel, ramdisk, NULL);
    guests.guest[0].memory = memory;
    assert_false(bundle_read(&bundle, &guests, &machine, &failure));
    if (!strstr(failure.sentence, what)) {
        fail_msg("\"%s\" lacks \"%s\"", failure.sentence, what);
    }
    guests_free(&guests);
}

static void refusals(void **state)
{
    (void)state;
    refused("none", NULL, 10, "/none: cannot be read: No such file");
    refused("ramdisk", NULL, 10, "/ramdisk: not a kernel");
    refused("kernel", "none", 10, "/none: cannot be read: No such file");
    refused("kernel", "empty", 10, "/empty: the ramdisk is empty");
    refused(
        "kernel", NULL, 1,
        "a: 1 MiB of memory are too small for the kernel and ramdisk: they need at least 2 MiB");
}

static void memory_needed(void **state)
{
    struct pvimage image = {.end = 0x100000 + 5096};
    unsigned long long before = 0, mib;

    (void)state;
    /* A kernel of just over 1 MiB, the p2m, a dozen pages, and 512 KiB of padding. */
    assert_int_equal(guest_memory_needed(&image, 0), 2);
    for (mib = 1; mib < 5000; mib += 7) {
        unsigned long long needed = guest_memory_needed(&image, mib << 20);

        assert_true(needed > mib && needed > before && needed < mib + mib / 100 + 4);
        before = needed;
    }
    image.end = 62 << 20;
    assert_in_range(guest_memory_needed(&image, 3 << 20), 66, 67);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text),
        cmocka_unit_test(vcpus_that_start_offline),
        cmocka_unit_test(refusals),
        cmocka_unit_test(memory_needed),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}

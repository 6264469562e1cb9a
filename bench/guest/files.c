/* SPDX-License-Identifier: MIT */
/* Operations on files, all in memory: bytes, names, creation, mapping. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bench/guest/measure.h"

#define PAGE        4096ul
#define MAPPED      (4ul << 20)
#define READ_STRIDE (16ul << 10)

static int open_device(const char *path, unsigned minor_number, int flags)
{
    mknod(path, S_IFCHR | 0600, makedev(1, minor_number));
    const int file = open(path, flags);
    must(file >= 0, path);
    return file;
}

void field_read(unsigned count)
{
    const int file = open_device("/dev/zero", 5, O_RDONLY);
    char byte;

    begin(field_read);
    for (unsigned i = 0; i < count; i++) {
        must(read(file, &byte, 1) == 1, "read");
    }
    end();
    close(file);
}

void field_write(unsigned count)
{
    const int file = open_device("/dev/null", 3, O_WRONLY);
    const char byte = 0;

    begin(field_write);
    for (unsigned i = 0; i < count; i++) {
        must(write(file, &byte, 1) == 1, "write");
    }
    end();
    close(file);
}

void field_stat(unsigned count)
{
    struct stat found;

    begin(field_stat);
    for (unsigned i = 0; i < count; i++) {
        must(!stat("/bin/busybox", &found), "stat");
    }
    end();
}

void field_open(unsigned count)
{
    begin(field_open);
    for (unsigned i = 0; i < count; i++) {
        close(open("/bin/busybox", O_RDONLY));
    }
    end();
}

static void nothing(int number)
{
    (void)number;
}

void field_install(unsigned count)
{
    const struct sigaction action = {.sa_handler = nothing};

    begin(field_install);
    for (unsigned i = 0; i < count; i++) {
        sigaction(SIGUSR1, &action, NULL);
    }
    end();
    signal(SIGUSR1, SIG_DFL);
}

/* ---- files that come and go ---- */

static const char *name_of(unsigned i)
{
    static char name[32];

    snprintf(name, sizeof(name), "/dev/file-%u", i);
    return name;
}

static void create(unsigned i, unsigned long size)
{
    static const char contents[10 << 10];
    const int file = open(name_of(i), O_CREAT | O_WRONLY, 0600);

    must(file >= 0 && write(file, contents, size) == (long)size && !close(file), "a new file");
}

static void create_all(unsigned count, unsigned long size)
{
    for (unsigned i = 0; i < count; i++) {
        create(i, size);
    }
}

static void delete_all(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        must(!unlink(name_of(i)), "unlink");
    }
}

void field_create_0(unsigned count)
{
    begin(field_create_0);
    create_all(count, 0);
    end();
    delete_all(count);
}

void field_delete_0(unsigned count)
{
    create_all(count, 0);
    begin(field_delete_0);
    delete_all(count);
    end();
}

void field_create_10(unsigned count)
{
    begin(field_create_10);
    create_all(count, 10 << 10);
    end();
    delete_all(count);
}

void field_delete_10(unsigned count)
{
    create_all(count, 10 << 10);
    begin(field_delete_10);
    delete_all(count);
    end();
}

/* ---- a mapped file ---- */

/* Opens a file of MAPPED bytes, which has pages for all of them. */
static int open_mapped(void)
{
    static const char page[PAGE];
    const int file = open("/dev/mapped", O_CREAT | O_RDWR | O_TRUNC, 0600);

    must(file >= 0, "a file to map");
    for (unsigned long i = 0; i < MAPPED; i += PAGE) {
        must(write(file, page, PAGE) == PAGE, "its contents");
    }
    return file;
}

static volatile char *map_file(int file)
{
    char *memory = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

    must(memory != MAP_FAILED, "mmap");
    return memory;
}

static void drop_mapped(int file)
{
    close(file);
    unlink("/dev/mapped");
}

void field_map(unsigned count)
{
    const int file = open_mapped();

    begin(field_map);
    for (unsigned i = 0; i < count; i++) {
        volatile char *memory = map_file(file);

        for (unsigned long at = 0; at < MAPPED; at += READ_STRIDE) {
            (void)memory[at];
        }
        munmap((void *)memory, MAPPED);
    }
    end();
    drop_mapped(file);
}

/* Linux maps pages around the one that faults, too; with MADV_RANDOM it does not, so that each page
 * is a fault. */
void field_page_fault(unsigned count)
{
    const int file = open_mapped();
    volatile char *memory = map_file(file);

    must(count <= MAPPED / PAGE, "pages enough");
    must(!madvise((void *)memory, MAPPED, MADV_RANDOM), "madvise");
    begin(field_page_fault);
    for (unsigned i = 0; i < count; i++) {
        (void)memory[i * PAGE];
    }
    end();
    munmap((void *)memory, MAPPED);
    drop_mapped(file);
}

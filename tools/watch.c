/* SPDX-License-Identifier: MIT */
/* The hypercall `watch` from dom0. */
#include "tools/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xencall.h>

static bool is_pv_guest(void)
{
    char type[8] = "";
    FILE *file = fopen("/sys/hypervisor/guest_type", "re");

    if (file) {
        if (!fgets(type, sizeof(type), file)) {
            type[0] = 0;
        }
        fclose(file);
    }
    return !strncmp(type, "PV\n", 3);
}

/* CPUID with the prefix by which a PV guest gets the hypervisor's answer; elsewhere the prefix is
 * an invalid instruction. */
static void read_leaf(unsigned leaf, unsigned r[4])
{
    __asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
                     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "0"(leaf), "2"(0));
}

static bool is_there(struct failure *failure)
{
    unsigned name[4] = {0}, call[4];

    if (is_pv_guest()) {
        read_leaf(WATCH_NAME_LEAF, name);
    }
    if (memcmp(&name[1], "PinionVMMCPU", 12) || name[0] < WATCH_LEAF) {
        return refuse(failure, "this system does not run on a Pinion that can be watched");
    }
    read_leaf(WATCH_LEAF, call);
    if (call[0] != WATCH_HYPERCALL || call[1] != WATCH_VERSION) {
        return refuse(failure,
                      "the hypervisor has version %u of the call for watching, this command %u",
                      call[1], WATCH_VERSION);
    }
    return true;
}

/* Finds out whether hypercalls can be made, before the library complains in its own words. */
static bool may_call(struct failure *failure)
{
    static const char *const path[] = {"/dev/xen/privcmd", "/proc/xen/privcmd"};
    int error = ENOENT;

    for (unsigned i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        int file = open(path[i], O_RDWR | O_CLOEXEC);

        if (file >= 0) {
            close(file);
            return true;
        }
        error = errno == ENOENT ? error : errno;
    }
    return error == ENOENT
               ? refuse(failure, "this is not dom0: only the privileged domain may watch Pinion")
               : refuse(failure, "only root may watch Pinion: %s: %s", path[0], strerror(error));
}

bool watch_open(struct watch *watch, struct failure *failure)
{
    if (!is_there(failure) || !may_call(failure)) {
        return false;
    }
    watch->xen = xencall_open(NULL, 0);
    return watch->xen || refuse(failure, "no way to the hypervisor: %s", strerror(errno));
}

void watch_close(struct watch *watch)
{
    xencall_close(watch->xen);
    watch->xen = NULL;
}

void *watch_allocate(struct watch *watch, size_t size)
{
    void *memory = xencall_alloc_buffer(watch->xen, size);

    if (memory) {
        memset(memory, 0, size);
    }
    return memory;
}

void watch_free(struct watch *watch, void *memory)
{
    xencall_free_buffer(watch->xen, memory);
}

long watch_call(struct watch *watch, enum watch_operation operation, void *structure)
{
    int result = xencall2(watch->xen, WATCH_HYPERCALL, operation, (unsigned long)structure);

    return result < 0 ? -errno : result;
}

/* SPDX-License-Identifier: MIT */
/* Lets Debian's `xl create -n` run on a host without Xen: loaded before its libraries, this stands
 * in for the hypervisor. `-n` reads a file and asks the hypervisor only about the machine; what it
 * asks is answered as by a machine with 64 CPUs in one NUMA node, and every other hypercall fails.
 * Not a line of how xl reads a file is replaced. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xencall.h>
#include <xenctrl.h>
#include <xendevicemodel.h>
#include <xenforeignmemory.h>
#include <xenstore.h>

#define CPUS 64

static char handle; /* stands for every connection */

/* ---- the connections ------------------------------------------------------------------------ */

xencall_handle *xencall_open(xentoollog_logger *logger, unsigned flags)
{
    (void)logger, (void)flags;
    return (xencall_handle *)&handle;
}

int xencall_close(xencall_handle *call)
{
    (void)call;
    return 0;
}

xenforeignmemory_handle *xenforeignmemory_open(xentoollog_logger *logger, unsigned flags)
{
    (void)logger, (void)flags;
    return (xenforeignmemory_handle *)&handle;
}

int xenforeignmemory_close(xenforeignmemory_handle *memory)
{
    (void)memory;
    return 0;
}

xendevicemodel_handle *xendevicemodel_open(xentoollog_logger *logger, unsigned flags)
{
    (void)logger, (void)flags;
    return (xendevicemodel_handle *)&handle;
}

int xendevicemodel_close(xendevicemodel_handle *model)
{
    (void)model;
    return 0;
}

struct xs_handle *xs_open(unsigned long flags)
{
    (void)flags;
    return (struct xs_handle *)&handle;
}

void xs_close(struct xs_handle *store)
{
    (void)store;
}

/* ---- hypercalls ----------------------------------------------------------------------------- */

void *xencall_alloc_buffer(xencall_handle *call, size_t size)
{
    (void)call;
    return calloc(1, size);
}

void xencall_free_buffer(xencall_handle *call, void *buffer)
{
    (void)call;
    free(buffer);
}

void *xencall_alloc_buffer_pages(xencall_handle *call, size_t pages)
{
    (void)call;
    return calloc(pages, 4096);
}

void xencall_free_buffer_pages(xencall_handle *call, void *buffer, size_t pages)
{
    (void)call, (void)pages;
    free(buffer);
}

static int fails(void)
{
    errno = ENOSYS;
    return -1;
}

int xencall1(xencall_handle *call, unsigned op, uint64_t a)
{
    (void)call, (void)op, (void)a;
    return fails();
}

int xencall2(xencall_handle *call, unsigned op, uint64_t a, uint64_t b)
{
    (void)call, (void)op, (void)a, (void)b;
    return fails();
}

long xencall2L(xencall_handle *call, unsigned op, uint64_t a, uint64_t b)
{
    (void)call, (void)op, (void)a, (void)b;
    return fails();
}

int xencall3(xencall_handle *call, unsigned op, uint64_t a, uint64_t b, uint64_t c)
{
    (void)call, (void)op, (void)a, (void)b, (void)c;
    return fails();
}

/* ---- what xl asks about the machine --------------------------------------------------------- */

int xc_version(xc_interface *xc, int command, void *answer)
{
    (void)xc, (void)command, (void)answer;
    return 0;
}

int xc_physinfo(xc_interface *xc, xc_physinfo_t *info)
{
    (void)xc;
    memset(info, 0, sizeof(*info));
    info->nr_cpus = info->cores_per_socket = CPUS;
    info->max_cpu_id = CPUS - 1;
    info->nr_nodes = info->threads_per_core = 1;
    info->total_pages = 1u << 24;
    info->capabilities = XEN_SYSCTL_PHYSCAP_pv;
    return 0;
}

int xc_get_max_cpus(xc_interface *xc)
{
    (void)xc;
    return CPUS;
}

int xc_get_max_nodes(xc_interface *xc)
{
    (void)xc;
    return 1;
}

int xc_cputopoinfo(xc_interface *xc, unsigned *max_cpus, xc_cputopo_t *topology)
{
    (void)xc;
    for (unsigned i = 0; topology && i < *max_cpus; i++) {
        topology[i] = (xc_cputopo_t){.core = i};
    }
    *max_cpus = CPUS;
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Roots and flushes on the bare machine. No hypervisor checks tables, so pinning does nothing. */
#include "guest/backend.h"
#include "guest/native/native.h"

bool backend_two_roots(void)
{
    return false;
}

int backend_protect(struct page *page)
{
    page->pinned = true;
    return 0;
}

int backend_unprotect(struct page *page)
{
    page->pinned = false;
    return 0;
}

int backend_pin(struct space *space)
{
    (void)space;
    return 0;
}

int backend_unpin(struct space *space)
{
    (void)space;
    return 0;
}

int backend_activate(const struct space *space)
{
    write_cr3(address_pfn(space->root).n << PAGE_SHIFT);
    return 0;
}

int backend_flush(const struct space *space, u64 va)
{
    u64 root;

    if (!space->cpus) {
        return 0;
    }
    if (va != ~0ull) {
        invlpg(va);
        return 0;
    }
    __asm__ volatile("mov %%cr3, %0" : "=r"(root));
    write_cr3(root);
    return 0;
}

int backend_set_flush(const struct space *space, entry_t *at, u64 va, entry_t value)
{
    entry_set(at, value);
    return backend_flush(space, va);
}

int backend_kernel_set(entry_t *at, u64 va, entry_t value)
{
    entry_set(at, value);
    invlpg(va);
    return 0;
}

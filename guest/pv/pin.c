/* SPDX-License-Identifier: MIT */
/* Roots, pins and flushes, as guest/backend.h asks of a backend. */
#include "guest/alias.h"
#include "guest/backend.h"
#include "guest/batch.h"
#include "guest/kernel.h"
#include "guest/page.h"
#include "guest/pv/startup.h"
#include "guest/pv/request.h"

bool backend_two_roots(void)
{
    return true;
}

/* Returns the machine frame of a root; 0: there is no root. */
static u64 root_frame(const entry_t *root)
{
    return root ? pfn_to_mfn(address_pfn(root)).n : 0;
}

/* Requests an mmuext_op with one number as its argument. */
static int extended(unsigned command, u64 argument)
{
    struct mmuext_op op = {.cmd = command, .arg1.mfn = argument};

    return request_extended(&op);
}

/* ---- the kernel's mappings of a page ---- */

/* Requests that all kernel mappings of a page get the rights that the page may have at present. */
static void set_mappings(struct page *page)
{
    const u64 *at = direct_entry(page_pfn(page).n);
    u64 flags = alias_flags(page, DIRECT_FLAGS);
    u64 machine = pfn_to_mfn(address_pfn(at)).n << PAGE_SHIFT | page_offset(address(at));

    request_update(machine | MMU_NORMAL_PT_UPDATE, entry_make(page_pfn(page), flags).raw);
    for (const struct alias *alias = page->aliases; alias; alias = alias->next) {
        entry_set(alias->at, entry_make(page_pfn(page), alias_flags(page, alias->flags)));
    }
}

int backend_protect(struct page *page)
{
    page->pinned = true;
    set_mappings(page);
    return 0;
}

int backend_unprotect(struct page *page)
{
    page->pinned = false;
    set_mappings(page);
    return 0;
}

/* ---- pins ---- */

/* Unpins a root after a failed backend_pin, if it was pinned. That it was not is no error, so the
 * request bypasses the batch, which would report it. */
static void forget_pin(const entry_t *root)
{
    struct mmuext_op op = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = root_frame(root)};

    hypercall6(__HYPERVISOR_mmuext_op, address(&op), 1, 0, DOMID_SELF, 0, 0);
}

int backend_pin(struct space *space)
{
    struct batch_now now = batch_now();

    for (struct page *page = space->tables; page; page = page->next) {
        backend_protect(page);
    }
    extended(MMUEXT_PIN_L4_TABLE, root_frame(space->root));
    extended(MMUEXT_PIN_L4_TABLE, root_frame(space->user_root));
    int result = batch_now_end(now);
    if (!result) {
        return 0;
    }
    forget_pin(space->root);
    forget_pin(space->user_root);
    now = batch_now();
    for (struct page *page = space->tables; page; page = page->next) {
        backend_unprotect(page);
    }
    batch_now_end(now);
    return result;
}

int backend_unpin(struct space *space)
{
    struct batch_now now = batch_now();

    extended(MMUEXT_UNPIN_TABLE, root_frame(space->root));
    extended(MMUEXT_UNPIN_TABLE, root_frame(space->user_root));
    for (struct page *page = space->tables; page; page = page->next) {
        backend_unprotect(page);
    }
    return batch_now_end(now);
}

/* ---- active spaces ---- */

int backend_activate(const struct space *space)
{
    struct batch_now now = batch_now();

    extended(MMUEXT_NEW_BASEPTR, root_frame(space->root));
    extended(MMUEXT_NEW_USER_BASEPTR, root_frame(space->user_root));
    return batch_now_end(now);
}

int backend_flush(const struct space *space, u64 va)
{
    bool one = va != ~0ull;
    struct mmuext_op op = {.cmd = one ? MMUEXT_INVLPG_LOCAL : MMUEXT_TLB_FLUSH_LOCAL};

    if (one) {
        op.arg1.linear_addr = va;
    }
    if (!space->cpus) {
        return 0;
    }
    if (space->cpus != 1ull << cpu_number()) {
        op.cmd = one ? MMUEXT_INVLPG_MULTI : MMUEXT_TLB_FLUSH_MULTI;
        set_xen_guest_handle(op.arg2.vcpumask, (const void *)&space->cpus);
    }
    return request_extended(&op);
}

int backend_set_flush(const struct space *space, entry_t *at, u64 va, entry_t value)
{
    if (space->cpus == 1ull << cpu_number()) {
        return request_mapping(va, value.raw, UVMF_INVLPG | UVMF_LOCAL);
    }
    int result = entry_set(at, value);
    return result ? result : backend_flush(space, va);
}

int backend_kernel_set(entry_t *at, u64 va, entry_t value)
{
    (void)at;
    return request_mapping(va, value.raw, UVMF_INVLPG | UVMF_ALL);
}

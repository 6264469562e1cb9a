/* SPDX-License-Identifier: MIT */
/* Maps, unmaps and protects pages in the user half of a space, and copies to and from user memory.
 */
#include "guest/backend.h"
#include "guest/batch.h"
#include "guest/error.h"
#include "guest/lock.h"
#include "guest/space.h"
#include "lib/string.h"

#define GATHER 64u /* pages that space_unmap collects before it flushes and releases them */

int space_map(struct space *space, u64 va, struct page *page, u64 flags)
{
    int result = -XEN_ENOMEM;

    guest_lock(&space->lock);
    entry_t *at = space_entry_make(space, va);
    if (at) {
        result = entry_present(entry_get(at)) ? -XEN_EEXIST
                                              : entry_set(at, entry_make(page_pfn(page), flags));
    }
    guest_unlock(&space->lock);
    return result;
}

/* Returns the first present level 1 entry for an address from *va up to `end`, and moves *va to
 * that address; NULL: there is none. */
static entry_t *next_present(const struct space *space, u64 *va, u64 end)
{
    while (*va < end) {
        entry_t *at = space_entry(space, *va, 1);

        if (!at) {
            *va = (*va / entry_span(2) + 1) * entry_span(2);
            continue;
        }
        do {
            if (entry_present(entry_get(at))) {
                return at;
            }
            at++;
            *va += PAGE_SIZE;
        } while (*va < end && *va % entry_span(2));
    }
    return NULL;
}

/* Says whether a range is not made of whole pages of the user half. */
static bool bad_range(u64 va, u64 length)
{
    return page_offset(va) || page_offset(length) || length > USER_END || va > USER_END - length;
}

/* Ends a part of space_unmap: flushes, closes the batch, and only then, when no CPU can use them
 * any more, releases the pages that the part has unmapped. A NULL in `pages` stands for no page. */
static int release_gathered(struct space *space, struct page **pages, unsigned count)
{
    if (count) {
        backend_flush(space, ~0ull);
    }
    int result = batch_close();
    for (unsigned i = 0; i < count; i++) {
        if (pages[i]) {
            page_release(pages[i]);
        }
    }
    return result;
}

int space_unmap(struct space *space, u64 va, u64 length)
{
    struct page *gathered[GATHER];
    unsigned count = 0;
    u64 end = va + length;
    int result = 0, one;
    entry_t *at;

    if (bad_range(va, length)) {
        return -XEN_EINVAL;
    }
    space_begin(space);
    while ((at = next_present(space, &va, end))) {
        struct page *page = entry_page(entry_get(at));

        if (entry_clear(at)) {
            page = NULL;
        }
        gathered[count++] = page;
        va += PAGE_SIZE;
        if (count == GATHER) {
            one = release_gathered(space, gathered, count);
            result = result ? result : one;
            count = 0;
            batch_open();
        }
    }
    one = release_gathered(space, gathered, count);
    guest_unlock(&space->lock);
    return result ? result : one;
}

int space_protect(struct space *space, u64 va, u64 length, u64 flags)
{
    u64 end = va + length;
    bool changed = false;
    entry_t *at;

    if (bad_range(va, length)) {
        return -XEN_EINVAL;
    }
    space_begin(space);
    while ((at = next_present(space, &va, end))) {
        u64 kept = entry_get(at).raw & (PTE_COPY | PTE_SHARED);

        entry_change_flags(at, (kept & PTE_COPY ? flags & ~PTE_WRITABLE : flags) | kept);
        changed = true;
        va += PAGE_SIZE;
    }
    if (changed) {
        backend_flush(space, ~0ull);
    }
    return space_end(space);
}

/* space_unshare with the level 1 entry `at` for the page address `va`, under the space's lock. */
static int unshare(struct space *space, u64 va, entry_t *at)
{
    entry_t old = entry_get(at);
    u64 flags = (entry_flags(old) & ~PTE_COPY) | PTE_WRITABLE | PTE_DIRTY;
    struct page *page = entry_page(old), *copy;

    if (!entry_present(old) || !page || !(old.raw & (PTE_COPY | PTE_WRITABLE))) {
        return -XEN_EFAULT;
    }
    if (old.raw & PTE_WRITABLE) { /* another CPU has handled the same fault */
        return 0;
    }
    if (__atomic_load_n(&page->uses, __ATOMIC_ACQUIRE) == 1) {
        return backend_set_flush(space, at, va, (entry_t){(old.raw & PTE_ADDRESS) | flags});
    }
    copy = page_take();
    if (!copy) {
        return -XEN_ENOMEM;
    }
    memcpy(page_address(copy), page_address(page), PAGE_SIZE);
    int result = backend_set_flush(space, at, va, entry_make(page_pfn(copy), flags));
    page_release(result ? copy : page);
    return result;
}

int space_unshare(struct space *space, u64 va)
{
    int result = -XEN_EFAULT;

    guest_lock(&space->lock);
    entry_t *at = va < USER_END ? space_entry(space, va, 1) : NULL;
    if (at) {
        result = unshare(space, va & ~(PAGE_SIZE - 1), at);
    }
    guest_unlock(&space->lock);
    return result;
}

int space_flush(struct space *space)
{
    return backend_flush(space, ~0ull);
}

int space_flush_page(struct space *space, u64 va)
{
    return backend_flush(space, va);
}

/* ---- copying to and from user memory ---- */

/* Returns the address, in the direct map, of the byte at user address `va`; NULL: the entry for it
 * lacks one of the flags in `needed`. */
static u8 *find_byte(struct space *space, u64 va, u64 needed)
{
    entry_t *at = va < USER_END ? space_entry(space, va, 1) : NULL;
    entry_t entry = at ? entry_get(at) : ENTRY_NONE;
    struct page *page = (entry.raw & needed) == needed ? entry_page(entry) : NULL;

    return page ? (u8 *)page_address(page) + page_offset(va) : NULL;
}

/* Copies `length` bytes between `buffer` and user memory, to `va` if `to_user`, page by page.
 * Returns 0 or -XEN_EFAULT. */
static int transfer(struct space *space, u64 va, u8 *buffer, u64 length, bool to_user)
{
    int result = 0;

    guest_lock(&space->lock);
    while (length && !result) {
        u64 part = PAGE_SIZE - page_offset(va);
        u8 *user = find_byte(space, va, PTE_PRESENT | PTE_USER | (to_user ? PTE_WRITABLE : 0));

        part = part < length ? part : length;
        if (!user) {
            result = -XEN_EFAULT;
        } else if (to_user) {
            memcpy(user, buffer, part);
        } else {
            memcpy(buffer, user, part);
        }
        va += part;
        buffer += part;
        length -= part;
    }
    guest_unlock(&space->lock);
    return result;
}

int space_read(struct space *space, u64 va, void *to, u64 length)
{
    return transfer(space, va, to, length, false);
}

int space_write(struct space *space, u64 va, const void *from, u64 length)
{
    return transfer(space, va, (u8 *)(uintptr_t)from, length, true);
}

/* SPDX-License-Identifier: MIT */
/* Many calls in one.
 *
 * Entries run in their order, each with its own result. An unknown call gets -ENOSYS as its result,
 * and the list continues. A multicall does not nest, and after a call that leaves the kernel the
 * rest of the list is not executed. */
#include "tests/guests/common/guest.h"

static struct multicall_entry entries[600];

static long multicall(struct multicall_entry *list, u64 count)
{
    return hypercall(__HYPERVISOR_multicall, address(list), count, 0);
}

static void set(unsigned i, u64 op, u64 a, u64 b, u64 c)
{
    entries[i] = (struct multicall_entry){.op = op, .result = 0x5a5a, .args = {a, b, c}};
}

static void check_order(void)
{
    u64 *a = page_take(), *b = page_take();
    volatile u64 *window = window_take();

    a[0] = 1;
    b[0] = 2;
    set(0, __HYPERVISOR_update_va_mapping, address(window), entry_for(a, PTE_RW), UVMF_INVLPG);
    set(1, __HYPERVISOR_update_va_mapping, address(window), entry_for(b, PTE_RW), UVMF_INVLPG);
    set(2, 11, 0, 0, 0);
    set(3, __HYPERVISOR_update_va_mapping, address(window), entry_for(root_first(), PTE_RW),
        UVMF_INVLPG);
    set(4, __HYPERVISOR_xen_version, XENVER_version, 0, 0);
    set(5, ~0ull, 0, 0, 0);
    check_equal(multicall(entries, 6), 0, "the multicall");
    check_equal((s64)entries[0].result, 0, "entry 0");
    check_equal((s64)entries[1].result, 0, "entry 1");
    check_equal((s64)entries[2].result, -XEN_ENOSYS, "entry 2, an unknown call");
    check_equal((s64)entries[3].result, -XEN_EBUSY, "entry 3, a refused call");
    check_equal((s64)entries[4].result, xen_version(XENVER_version, NULL), "entry 4");
    check_equal((s64)entries[5].result, -XEN_ENOSYS, "entry 5, an unknown call");
    check_equal(*window, 2, "the later of two updates");
}

static void check_long(void)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < 600; i++) {
        set(i, __HYPERVISOR_xen_version, XENVER_version, 0, 0);
    }
    check_equal(multicall(entries, 600), 0, "six hundred calls");
    for (unsigned i = 0; i < 600; i++) {
        wrong += (long)entries[i].result != xen_version(XENVER_version, NULL);
    }
    check_equal(wrong, 0, "wrong results");
    check_equal(multicall(entries, 0), 0, "no calls");
}

static void check_nesting(void)
{
    set(0, __HYPERVISOR_xen_version, XENVER_version, 0, 0);
    set(1, __HYPERVISOR_multicall, address(&entries[3]), 1, 0);
    set(2, __HYPERVISOR_xen_version, XENVER_version, 0, 0);
    set(3, __HYPERVISOR_xen_version, XENVER_version, 0, 0);
    check_equal(multicall(entries, 3), 0, "a multicall with a multicall");
    check_equal((s64)entries[1].result, -XEN_EINVAL, "the inner multicall");
    check_equal((s64)entries[3].result, 0x5a5a, "its entry");
    check_equal((s64)entries[2].result, xen_version(XENVER_version, NULL), "the entry after it");
}

/* Bad lists. An entry that cannot be read gets no result. */
static void check_bad_lists(void)
{
    u8 *page = page_take(), *next = page_take();

    check_equal(multicall((void *)HYPERVISOR_VIRT_START, 1), -XEN_EFAULT, "a list in Xen's space");
    check_equal(multicall((void *)(1ull << 63), 1), -XEN_EFAULT, "a list nowhere");
    check_equal(multicall((void *)0x1000, 1), -XEN_EFAULT, "a list that is not mapped");
    memcpy(page + PAGE_SIZE - sizeof entries[0], &entries[0], sizeof entries[0]);
    check_equal(update_va_mapping(address(next), 0, UVMF_INVLPG), 0, "unmapping");
    check_equal(multicall((void *)(page + PAGE_SIZE - sizeof entries[0]), 2), -XEN_EFAULT,
                "a list whose second entry is not mapped");
    check_equal(page_read_only(page), 0, "read-only");
    check_equal(multicall((void *)(page + PAGE_SIZE - sizeof entries[0]), 1), -XEN_EFAULT,
                "a list that cannot be written");
}

/* iret in a list is either performed, and the list ends, or refused, and the list continues. The
 * frame returns to the label with another rax. */
static void check_iret(void)
{
    u64 rax = __HYPERVISOR_multicall;

    set(0, __HYPERVISOR_iret, 0, 0, 0);
    set(1, __HYPERVISOR_xen_version, XENVER_version, 0, 0);
    __asm__ volatile("mov %%rsp, %%rbx\n"
                     "push %[ss]\n"
                     "push %%rbx\n"
                     "push $0x202\n"
                     "push %[cs]\n"
                     "lea 1f(%%rip), %%rcx\n"
                     "push %%rcx\n"
                     "push $0\n"
                     "push $0\n"
                     "push $0\n"
                     "push $0x4444\n"
                     "syscall\n"
                     "1: mov %%rbx, %%rsp"
                     : "+a"(rax)
                     : [ss] "i"(GUEST_SS), [cs] "i"(KERNEL_CS), "D"(entries), "S"(2ull)
                     : "rbx", "rcx", "r11", "rdx", "r8", "r9", "r10", "memory");
    vcpu_info()->evtchn_upcall_mask = 1;
    if (rax == 0x4444) {
        check_equal((s64)entries[1].result, 0x5a5a, "the entry after an iret that was done");
        print("Note: iret in a multicall is done\n");
    } else {
        check((s64)entries[0].result < 0, "rax %lx, result of iret %lx", rax, entries[0].result);
        check_equal((s64)entries[1].result, xen_version(XENVER_version, NULL),
                    "the entry after an iret that was refused");
        print("Note: iret in a multicall is refused: %ld\n", (long)entries[0].result);
    }
}

void test_main(void)
{
    check_order();
    check_long();
    check_nesting();
    check_bad_lists();
    check_iret();
}

/* SPDX-License-Identifier: MIT */
/* Executes a stream of operations in the virtual MMU: two guests, three vCPUs each, on the fake
 * machine, whose CPUs keep stale translations. Each has its hands in the other; the first may map
 * device frames; the second ends and starts again while the first uses its frames. Proves that no
 * sequence trips an assertion of the machine or a sanitizer, and that every audit, one every few
 * operations and one at the end, has 0 findings.
 *
 * An input is a list of operations. Each is a byte that names it, and one byte for each of its
 * parameters. */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/machine/guest.h"

#define PAGES       20u
#define FRAMES      160u
#define READABLE    (FRAMES + 1) /* a device frame */
#define HOLDS       8u
#define AUDIT_EACH  24u
#define TOUCHES_MAX 60u /* flush before a CPU's cache is full */

static struct input input;
static struct {
    struct guest *guest; /* the guest that acts, */
    struct guest *peer;
    u32 vcpu; /* and on which vCPU and CPU */
    mfn_t page[2][PAGES];
    mfn_t held[HOLDS], shared[2]; /* the shared page of each guest; MFN_NONE: none */
    u32 holds, touches;
    bool dying;                /* `other` is being torn down */
    enum vmmu_access readable; /* what the first guest may do with frame READABLE */
} world;

static mfn_t a_frame(void)
{
    static const u64 strange[] = {0, 1, FRAMES, READABLE, 1ull << 30, ~0ull};
    const u32 choice = input_below(&input, 64);

    if (choice < PAGES * 2) {
        return world.page[world.guest == &other][choice / 2];
    }
    if (choice < PAGES * 2 + 12) {
        return world.page[world.guest != &other][choice - PAGES * 2];
    }
    if (choice < 58) {
        return mfn(strange[choice - 52]);
    }
    return choice < 60 ? world.shared[choice - 58] : mfn(choice * 2);
}

static u64 an_entry(void)
{
    static const u64 flags[] = {
        PTE_PRESENT | PTE_USER,
        PTE_PRESENT | PTE_WRITABLE | PTE_USER,
        PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED,
        PTE_PRESENT | PTE_WRITABLE | PTE_DIRTY | PTE_NX,
        PTE_PRESENT | PTE_GLOBAL,
        0,
        PTE_PRESENT | PTE_WRITABLE | PTE_PCD | PTE_PWT,
        PTE_PRESENT | PTE_PAT,
    };
    const u32 choice = input_below(&input, 16);
    const u64 frame = a_frame().n << PAGE_SHIFT;

    if (choice == 14) {
        return 0;
    }
    return choice < 14 ? frame | flags[choice % 8] : frame | 1ull << input_below(&input, 64) | 1;
}

static u32 an_index(void)
{
    static const u16 indices[] = {0, 1, 2, 3, 255, 256, 271, 272, 511};
    return indices[input_below(&input, ARRAY_LENGTH(indices))];
}

static vaddr_t an_address(void)
{
    static const u16 slots[] = {0, 1, 256, 511};
    u64 va = (u64)slots[input_below(&input, 4)] << 39;

    va |= (u64)(input_below(&input, 2)) << 30 | (u64)input_below(&input, 2) << 21;
    va |= (u64)input_below(&input, 4) << 12;
    return vaddr((u64)((s64)(va << 16) >> 16));
}

static struct vmmu_domain *an_owner(void)
{
    switch (input_below(&input, 16)) {
    case 0:
    case 1:
        return &world.peer->domain;
    case 2:
        return vmmu_special_owner(VMMU_OWNER_DEVICE);
    case 3:
        return vmmu_special_owner(VMMU_OWNER_HYPERVISOR);
    default:
        return &world.guest->domain;
    }
}

static struct vmmu_vcpu *the_vcpu(void)
{
    return &world.guest->vcpu[world.vcpu];
}

/* ---- operations ---------------------------------------------------------------------------- */

static enum vmmu_result do_update(void)
{
    struct vmmu_domain *owner = an_owner();
    const maddr_t page = maddr_of(a_frame());
    const maddr_t at = maddr(page.a + an_index() * sizeof(u64));
    const u64 entry = an_entry();

    const enum vmmu_update_kind kind = (enum vmmu_update_kind)input_below(&input, 5);

    return vmmu_update(the_vcpu(), owner, an_owner(), at, entry, kind);
}

static enum vmmu_result do_emulated(void)
{
    static const u8 sizes[] = {1, 2, 4, 8, 3};
    const vaddr_t va = an_address();
    const u32 bytes = sizes[input_below(&input, 5)];
    u64 now = input_number(&input, 1);
    bool swapped;

    if (!vmmu_is_l1_write(the_vcpu(), va) && input_below(&input, 4)) {
        return VMMU_DONE;
    }
    cpu_load(world.vcpu, va, &now);
    return vmmu_emulated_write(the_vcpu(), vaddr(va.a + input_below(&input, 9)), bytes, now,
                               an_entry(), &swapped);
}

static enum vmmu_result do_root(bool user)
{
    const mfn_t m = user && !input_below(&input, 4) ? MFN_NONE : a_frame();
    const enum vmmu_result result =
        user ? vmmu_set_user_root(the_vcpu(), m) : vmmu_set_kernel_root(the_vcpu(), m);

    if (result == VMMU_DONE && !user) {
        atomic_fetch_or(&world.guest->domain.cpus, 1ull << world.vcpu);
        cpu_load_root(world.vcpu, m);
    }
    return result;
}

static enum vmmu_result do_descriptors(void)
{
    mfn_t frames[VMMU_GDT_FRAMES];
    const u32 count = input_below(&input, 4);

    switch (input_below(&input, 5)) {
    case 0:
        for (u32 i = 0; i < count; i++) {
            frames[i] = a_frame();
        }
        return vmmu_set_gdt(the_vcpu(), frames, count, count * 512 - input_below(&input, 2));
    case 1:
        return vmmu_set_ldt(the_vcpu(), an_address(), (u32)input_number(&input, 2));
    case 2:
        return vmmu_ldt_fault(the_vcpu(), input_below(&input, 17));
    case 3:
        vmmu_ldt_drop(the_vcpu());
        return VMMU_DONE;
    default:
        return vmmu_update_descriptor(the_vcpu(), machine_at(world.page[0][count], an_index()),
                                      input_number(&input, 8));
    }
}

/* A load or store by the guest, through what its CPU has cached. */
static void do_touch(void)
{
    const vaddr_t va = an_address();
    u64 value;

    if (++world.touches % TOUCHES_MAX == 0) {
        for (u32 i = 0; i < GUEST_VCPUS; i++) {
            cpu_flush(i);
        }
    }
    if (input_below(&input, 2)) {
        cpu_load(world.vcpu, va, &value);
    } else {
        cpu_store(world.vcpu, va, an_entry());
    }
}

static void do_hold(void)
{
    const mfn_t m = a_frame();

    if (world.holds && !input_below(&input, 3)) {
        guest_unhold(world.held[--world.holds]);
    } else if (world.holds < HOLDS &&
               guest_hold(input_below(&input, 4) ? world.guest : world.peer, m) == VMMU_DONE) {
        world.held[world.holds++] = m;
    }
}

/* The hypervisor shares a page with the guest, or no longer does. */
static void do_share(u32 which)
{
    mfn_t *m = &world.shared[which];

    if (!mfn_is_none(*m)) {
        vmmu_unshare(*m);
        *m = MFN_NONE;
    } else if (machine.allocated < FRAMES - 10) {
        *m = machine_allocate();
        vmmu_share(which ? &other.domain : &guest.domain, *m, input_below(&input, 2));
    }
}

static void act_as(struct guest *who, u32 vcpu)
{
    world.guest = who;
    world.peer = who == &guest ? &other : &guest;
    world.vcpu = vcpu;
    machine_run_on(vcpu);
    /* Another CPU takes over the vCPU, and loads its root. */
    cpu_load_root(vcpu, the_vcpu()->kernel_root);
    if (!mfn_is_none(the_vcpu()->kernel_root)) {
        atomic_fetch_or(&who->domain.cpus, 1ull << vcpu);
    }
}

static void give_pages(struct guest *who)
{
    for (u32 i = 0; i < PAGES; i++) {
        world.page[who == &other][i] = guest_page(who);
    }
}

/* One step more towards the end of `other`, which starts again when nothing is left of it. */
static enum vmmu_result do_end(void)
{
    if (!world.dying) {
        for (u32 i = 0; i < GUEST_VCPUS; i++) {
            cpu_load_root(i, MFN_NONE);
            while (vmmu_vcpu_stop(&other.vcpu[i]) == VMMU_AGAIN) {
            }
        }
        world.dying = true;
        act_as(&guest, world.vcpu);
    }
    const enum vmmu_result result = vmmu_domain_stop(&other.domain);
    if (result == VMMU_DONE && !mfn_is_none(world.shared[1])) {
        do_share(1);
    }
    if (result == VMMU_DONE && vmmu_domain_is_gone(&other.domain) &&
        machine.allocated + PAGES < FRAMES - 10) {
        guest_restart(&other);
        give_pages(&other);
        world.dying = false;
    }
    return result;
}

/* Gives a page back and takes another in its place. */
static enum vmmu_result do_exchange(void)
{
    mfn_t *page = &world.page[world.guest == &other][input_below(&input, PAGES)];
    const bool unused = input_below(&input, 2);
    const enum vmmu_result result =
        (unused ? vmmu_take_unused : vmmu_take)(&world.guest->domain, *page);

    if (result == VMMU_DONE && machine.allocated < FRAMES - 10) {
        *page = guest_page(world.guest);
    }
    return result;
}

static enum vmmu_result do_foreign(void)
{
    const mfn_t m = a_frame();
    const maddr_t at =
        machine_at(world.page[world.guest == &other][input_below(&input, PAGES)], an_index());
    const bool writable = input_below(&input, 2);

    switch (input_below(&input, 4)) {
    case 0:
        return vmmu_map_at(the_vcpu(), an_owner(), at, an_entry());
    case 1:
        return vmmu_unmap_at(the_vcpu(), at, m, writable);
    case 2:
        return vmmu_replace_va(the_vcpu(), an_address(), an_address(), m, writable);
    default:
        return vmmu_unmap_va(the_vcpu(), an_address(), m, writable);
    }
}

/* The guest fills a page that is still mapped writable, to make a table of it. */
static void do_fill(void)
{
    const mfn_t m = world.page[world.guest == &other][input_below(&input, PAGES)];

    for (u32 i = 0; i < 3; i++) {
        vmmu_update(the_vcpu(), &world.guest->domain, &world.guest->domain,
                    machine_at(m, an_index()), an_entry(), VMMU_UPDATE_NORMAL);
    }
}

static void do_choose(void)
{
    const u32 choice = input_below(&input, 6);

    act_as(choice < 3 || world.dying ? &guest : &other, choice % 3);
}

static enum vmmu_result do_one(u32 which)
{
    struct vmmu_domain *domain = &world.guest->domain;

    switch (which) {
    case 0:
    case 1:
        return do_update();
    case 2:
        return vmmu_update_va(the_vcpu(), an_owner(), an_address(), an_entry());
    case 3:
        return do_emulated();
    case 4:
        return vmmu_pin(the_vcpu(), an_owner(), a_frame(), input_below(&input, 6));
    case 5:
        return vmmu_unpin(the_vcpu(), an_owner(), a_frame());
    case 6:
        return do_root(false);
    case 7:
        return do_root(true);
    case 8:
        return do_descriptors();
    case 9:
        return do_exchange();
    case 10:
        return vmmu_set_m2p(domain, a_frame(), input_number(&input, 8));
    case 11:
        return do_foreign();
    case 12:
        do_hold();
        break;
    case 13:
        do_fill();
        break;
    case 14:
        machine_stop_at(input_below(&input, 40));
        break;
    case 15:
        do_choose();
        break;
    case 16:
        return do_end();
    case 17:
        do_share(world.guest == &other);
        break;
    case 18:
        world.readable = input_below(&input, 2) ? VMMU_ACCESS_READ : VMMU_ACCESS_WRITE;
        vmmu_find_device(the_vcpu(), an_address());
        break;
    default:
        do_touch();
    }
    return VMMU_DONE;
}

static enum vmmu_access device_access(u16 id, mfn_t m)
{
    if (m.n == READABLE) {
        return world.readable;
    }
    return id == 1 ? VMMU_ACCESS_WRITE : VMMU_ACCESS_NONE;
}

static void prepare(void)
{
    void *unused;

    guest_setup_small(&unused);
    memset(&world, 0, sizeof world);
    vmmu_own_device(mfn(0));
    vmmu_show(mfn(1));
    machine.device_access = device_access;
    world.readable = VMMU_ACCESS_READ;
    world.shared[0] = world.shared[1] = MFN_NONE;
    give_pages(&guest);
    give_pages(&other);
    world.guest = &guest;
    world.peer = &other;
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    void *unused = NULL;

    input = (struct input){bytes, size};
    prepare();
    for (u32 done = 1; input.left && done < 600; done++) {
        enum vmmu_result result = do_one(input_below(&input, 20));

        for (u32 i = 0; result == VMMU_AGAIN && i < 3; i++) {
            result = vmmu_finish(the_vcpu());
        }
        if (done % AUDIT_EACH == 0) {
            assert_audit();
        }
    }
    for (u32 i = 0; i < 2; i++) {
        if (!mfn_is_none(world.shared[i])) {
            do_share(i);
        }
    }
    guest_teardown(&unused);
    return 0;
}

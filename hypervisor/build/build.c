/* SPDX-License-Identifier: MIT */
/* Building a domain: its memory, first page tables, start_info and first vCPU. */
#include "hypervisor/build/build.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/hypercall_page.h"
#include "hypervisor/build/dom0_screen.h"
#include "hypervisor/build/layout.h"
#include "hypervisor/build/populate.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/screen/machine_screen.h"
#include "hypervisor/screen/screen.h"
#include "hypervisor/vcpu/clock_page.h"
#include "lib/print.h"
#include "lib/pvimage.h"
#include "lib/string.h"

#define TABLE_ENTRY (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED)
#define PAGE_ENTRY  (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define PAGES_A_MIB 256u
/* In start_info.flags: the privileged domain manages the processors' idle states and speeds (bits 8
 * and 9: SIF_PM_MASK). */
#define PROCESSOR_POWER 0x300u

_Static_assert(HANDOFF_GUESTS_MAX <= DOMAINS_MAX, "each guest has a place in the domain table");
_Static_assert(HANDOFF_NAME_MAX <= DOMAIN_NAME_MAX, "a guest's name fits its domain");

/* The guests of the boot hand-off and the domains built for them. */
static struct {
    struct handoff *handoff;
    u32 place[HANDOFF_GUESTS_MAX];  /* of each guest: its place in the domain table */
    bool built[HANDOFF_GUESTS_MAX]; /* of each guest: its last build succeeded, so it may be built
                                       again */
} guests;

/* A guest under construction. */
struct build {
    struct handoff *handoff;
    const struct handoff_guest *guest;
    struct domain *domain;
    struct pvimage image;
    struct guest_layout layout;
    struct population population;
    u64 ramdisk_size;
    u64 tables_used;
    struct handoff_module *kernel,
        *ramdisk; /* boot modules; NULL: the guest has none, or does not need it any more */
    bool kernel_last, ramdisk_last; /* this guest is the last user of the module, so the module's
                                       pages can become the guest's memory */
};

/* Says why the guest cannot be built. Returns false; without the privileged domain the machine has
 * nothing to do, and panics. */
static bool fail(const struct build *b, const char *why)
{
    if (b->guest->privileged) {
        panic("dom0 cannot be started: %s", why);
    }
    log_line("%s: not built: %s", b->guest->name, why);
    return false;
}

/* Begins this guest's use of boot module `number`. Returns NULL for 0, which means that the guest
 * has no such module. *last: no other guest will use it. */
static struct handoff_module *take_module(struct build *b, u32 number, bool *last)
{
    struct handoff_module *module = number ? &b->handoff->module[number] : NULL;

    *last = module && --module->users == 0;
    return module;
}

/* Ends this guest's use of a module; the last use frees those of the module's pages that no guest
 * was given. */
static void leave_module(struct handoff_module **module, bool last)
{
    if (*module && last) {
        populate_release_module(*module);
    }
    *module = NULL;
}

static bool load_kernel(struct build *b)
{
    for (u32 i = 0; i < b->image.segment_count; i++) {
        const struct pvimage_segment *s = &b->image.segment[i];

        if (!populate_from_module(&b->population, b->kernel, s->file_offset, s->file_size,
                                  s->physical, b->kernel_last) ||
            !populate_zeroed(&b->population, s->physical + s->file_size,
                             s->physical + s->memory_size)) {
            return fail(b, "no memory for its kernel");
        }
    }
    leave_module(&b->kernel, b->kernel_last);
    return true;
}

static bool load_ramdisk(struct build *b)
{
    u64 to = b->layout.ramdisk.first << PAGE_SHIFT;

    if (b->ramdisk && !populate_from_module(&b->population, b->ramdisk, 0, b->ramdisk_size, to,
                                            b->ramdisk_last)) {
        return fail(b, "no memory for its ramdisk");
    }
    leave_module(&b->ramdisk, b->ramdisk_last);
    return true;
}

/* The L1 entry for guest address `va` in the tables under construction, after making the tables
 * above it as needed. */
static u64 *entry_for(struct build *b, u64 va)
{
    u64 *table = frame_view(mfn(b->population.p2m[b->layout.tables.first]));

    for (u32 level = 4; level > 1; level--) {
        u64 *entry = &table[va >> (12 + 9 * (level - 1)) & 511];

        if (!(*entry & PTE_PRESENT)) {
            u64 next = b->layout.tables.first + b->tables_used++;

            ASSERT(b->tables_used <= b->layout.tables.count);
            *entry = b->population.p2m[next] << PAGE_SHIFT | TABLE_ENTRY;
        }
        table = frame_view(mfn((*entry & PTE_ADDRESS) >> PAGE_SHIFT));
    }
    return &table[va >> 12 & 511];
}

static void map_extent(struct build *b, u64 va, u64 first, u64 count)
{
    u64 *entry = NULL;

    for (u64 i = 0; i < count; i++, va += PAGE_SIZE) {
        if (!entry || (va >> 12 & 511) == 0) {
            entry = entry_for(b, va);
        }
        *entry++ = b->population.p2m[first + i] << PAGE_SHIFT | PAGE_ENTRY;
    }
}

static u64 address_of(const struct build *b, u64 at)
{
    return b->image.virt_base + (at << PAGE_SHIFT);
}

/* Builds the guest's page tables. The tables themselves are mapped read-only, since the virtual MMU
 * would refuse to pin them otherwise. False: no memory. */
static bool map_memory(struct build *b)
{
    const struct guest_layout *l = &b->layout;

    if (!populate_zeroed(&b->population, l->tables.first << PAGE_SHIFT,
                         (l->tables.first + l->tables.count) << PAGE_SHIFT)) {
        return fail(b, "no memory for its page tables");
    }
    b->tables_used = 1;
    map_extent(b, b->image.virt_base, 0, l->mapped_end);
    if (l->p2m_apart) {
        map_extent(b, b->image.init_p2m, l->p2m.first, l->p2m.count);
    }
    for (u64 i = 0; i < b->tables_used; i++) {
        *entry_for(b, address_of(b, l->tables.first + i)) &= ~PTE_WRITABLE;
    }
    return true;
}

/* Adds what only the privileged domain gets: that it drives the machine, and, behind the structure,
 * a description of the screen, as the hypervisor leaves it. (xen.h: start_info) */
static void fill_privileged(struct start_info *info)
{
    u32 column, row;

    screen_cursor(&column, &row);
    info->flags |= SIF_PRIVILEGED | SIF_INITDOMAIN | PROCESSOR_POWER;
    info->console.dom0.info_off = sizeof *info;
    info->console.dom0.info_size =
        dom0_screen_describe(machine_screen_mode(), column, row, (void *)(info + 1));
}

static void fill_start_info(struct build *b, struct start_info *info)
{
    const struct guest_layout *l = &b->layout;

    print_to(info->magic, sizeof info->magic, "xen-3.0-x86_64");
    info->nr_pages = l->pages;
    info->shared_info = maddr_of(b->domain->shared_frame).a;
    if (b->domain->privileged) {
        fill_privileged(info);
    } else {
        info->store_mfn = b->population.p2m[l->store];
        info->console.domU.mfn = b->population.p2m[l->console];
        info->console.domU.evtchn = b->domain->console.port;
    }
    info->pt_base = address_of(b, l->tables.first);
    info->nr_pt_frames = b->tables_used;
    info->mfn_list = l->p2m_apart ? b->image.init_p2m : address_of(b, l->p2m.first);
    if (l->p2m_apart) {
        info->first_p2m_pfn = l->p2m.first;
        info->nr_p2m_frames = l->p2m.count;
    }
    if (b->ramdisk_size) {
        info->mod_len = b->ramdisk_size;
        info->mod_start = l->ramdisk_mapped ? address_of(b, l->ramdisk.first) : l->ramdisk.first;
        info->flags |= l->ramdisk_mapped ? 0 : SIF_MOD_START_PFN;
    }
    memcpy(info->cmd_line, b->guest->command_line, sizeof info->cmd_line - 1);
}

static bool load_memory(struct build *b)
{
    const struct guest_layout *l = &b->layout;
    struct start_info *info;
    u64 at = (b->image.hypercall_page - b->image.virt_base) >> PAGE_SHIFT;

    if (!populate_start(&b->population, b->domain, l)) {
        return fail(b, "no memory for its p2m list");
    }
    if (!load_kernel(b) || !load_ramdisk(b)) {
        return false;
    }
    info = populate_page(&b->population, l->start_info);
    if (!info || !populate_page(&b->population, l->store) ||
        !populate_page(&b->population, l->console) || !populate_page(&b->population, l->stack) ||
        !populate_zeroed(&b->population, l->tables.first << PAGE_SHIFT,
                         (l->tables.first + l->tables.count) << PAGE_SHIFT) ||
        !populate_rest(&b->population)) {
        return fail(b, "not enough memory");
    }
    if (b->image.hypercall_page != PVIMAGE_UNSET) {
        if (at >= l->mapped_end) {
            return fail(b, "its hypercall page lies outside of its image");
        }
        hypercall_page_fill(frame_view(mfn(b->population.p2m[at])));
    }
    if (!map_memory(b) || (!b->domain->privileged &&
                           !domain_start_console(b->domain, mfn(b->population.p2m[l->console])))) {
        return fail(b, "no memory for its page tables and console");
    }
    fill_start_info(b, info);
    return true;
}

static bool load_vcpu(struct build *b)
{
    struct vcpu *vcpu = b->domain->vcpu[0];
    mfn_t root = mfn(b->population.p2m[b->layout.tables.first]);
    enum vmmu_result result;

    do {
        result = vmmu_pin(&vcpu->mmu, &b->domain->mmu, root, 4);
    } while (result == VMMU_AGAIN);
    if (result == VMMU_DONE) {
        do {
            result = vmmu_set_kernel_root(&vcpu->mmu, root);
        } while (result == VMMU_AGAIN);
    }
    if (result != VMMU_DONE) {
        return fail(b, vmmu_result_sentence(result));
    }
    vcpu->initialised = true;
    vcpu->registers.rip = b->image.entry;
    vcpu->registers.rsp = address_of(b, b->layout.stack + 1);
    vcpu->registers.rsi = address_of(b, b->layout.start_info);
    vcpu->registers.cs = SELECTOR_USER_CS64;
    vcpu->registers.ss = SELECTOR_USER_DS;
    vcpu->registers.rflags = RFLAGS_IF | RFLAGS_FIXED;
    return true;
}

static bool read_image(struct build *b)
{
    enum pvimage_error error;
    u64 needed;

    if (!b->kernel) {
        return fail(b, "no kernel");
    }
    error = pvimage_read(direct(b->kernel->start), b->kernel->size, &b->image);
    if (error == PVIMAGE_LACKING) {
        char why[128];

        print_to(why, sizeof why, "%s: %s", pvimage_sentence(error), b->image.lacking);
        return fail(b, why);
    }
    if (error) {
        return fail(b, pvimage_sentence(error));
    }
    if (b->guest->privileged && b->image.never_dom0) {
        return fail(b,
                    "its kernel says that it cannot be dom0, as Debian's cloud kernels do (it was "
                    "built without CONFIG_XEN_DOM0): install linux-image-amd64");
    }
    if (b->ramdisk) {
        b->ramdisk_size = b->ramdisk->size;
    }
    if (!guest_layout_make(&b->layout, &b->image, b->guest->memory_mib * PAGES_A_MIB,
                           b->ramdisk_size, &needed)) {
        log_line("%s: it needs %llu MiB", b->guest->name,
                 (unsigned long long)((needed + PAGES_A_MIB - 1) / PAGES_A_MIB));
        return fail(b, "its memory is too small for its kernel and ramdisk");
    }
    return true;
}

static void start_scheduling(const struct build *b)
{
    sched_start_domain(b->domain, b->guest->weight, b->guest->cap);
    for (u32 i = 0; i < b->domain->vcpu_count; i++) {
        if (!sched_start_vcpu(b->domain->vcpu[i], b->guest->cpus[i])) {
            log_line("%s: vCPU %u runs on all CPUs: none of its own is online", b->guest->name, i);
        }
    }
}

void build_reserve(struct handoff *handoff)
{
    guests.handoff = handoff;
    for (u32 i = 0; i < handoff->guest_count; i++) {
        guests.place[i] = handoff->guest[i].privileged ? domain_table_reserve_privileged()
                                                       : domain_table_reserve();
    }
    domains_expect(handoff->guest_count);
}

void domain_build(u32 index)
{
    struct handoff *handoff = guests.handoff;
    struct build b = {.handoff = handoff, .guest = &handoff->guest[index]};
    bool built;

    b.kernel = take_module(&b, b.guest->kernel, &b.kernel_last);
    b.ramdisk = take_module(&b, b.guest->ramdisk, &b.ramdisk_last);

    b.domain = domain_create(b.guest->name, guests.place[index], b.guest->memory_mib * PAGES_A_MIB,
                             b.guest->vcpus);
    if (b.domain) {
        b.domain->console.slot = index;
        if (b.guest->most_mib > b.guest->memory_mib) {
            b.domain->mmu.frames_max = b.guest->most_mib * PAGES_A_MIB;
        }
    }
    if (b.domain && b.domain->vcpu_count == b.guest->vcpus) {
        built = read_image(&b) && load_memory(&b) && load_vcpu(&b);
    } else {
        built = fail(&b, "no memory for the domain and its vCPUs");
    }
    populate_end(&b.population);
    leave_module(&b.kernel, b.kernel_last);
    leave_module(&b.ramdisk, b.ramdisk_last);
    if (!built && b.domain) {
        domain_shutdown(b.domain, DOMAIN_CRASHED);
    }
    if (!built) {
        return;
    }
    guests.built[index] = true;
    clock_page_update_wall(b.domain);
    start_scheduling(&b);
    log_line("%s: domain %u, %llu MiB, entry %#llx", b.domain->name, b.domain->id,
             (unsigned long long)b.guest->memory_mib, (unsigned long long)b.image.entry);
    sched_add(b.domain->vcpu[0]);
}

/* The guest of the boot hand-off that `domain` was built for, if it is to be started again after
 * this end; guest_count: it is not, it has no restarts left, or its last build failed. */
static u32 guest_to_restart(const struct domain *domain)
{
    const struct handoff *handoff = guests.handoff;
    u32 index = 0;

    while (index < handoff->guest_count && guests.place[index] != domain->place) {
        index++;
    }
    if (index < handoff->guest_count && guests.built[index] && handoff->guest[index].restarts &&
        handoff->guest[index].restart >> domain->end & 1) {
        return index;
    }
    return handoff->guest_count;
}

bool domain_restarts(const struct domain *domain)
{
    return guest_to_restart(domain) < guests.handoff->guest_count;
}

bool domain_rebuild(struct domain *old)
{
    struct handoff *handoff = guests.handoff;
    u32 index = guest_to_restart(old);

    if (index == handoff->guest_count) {
        return false;
    }
    if (!vmmu_domain_is_gone(&old->mmu) || old->grants.users) {
        log_line("%s: not started again: others still hold pages of it", old->name);
        return false;
    }
    struct handoff_guest *guest = &handoff->guest[index];
    guests.built[index] = false;
    guest->restarts--;
    domain_destroy(old);
    if (guest->kernel) {
        handoff->module[guest->kernel].users++;
    }
    if (guest->ramdisk) {
        handoff->module[guest->ramdisk].users++;
    }
    log_line("%s: started again", guest->name);
    domain_build(index);
    return true;
}

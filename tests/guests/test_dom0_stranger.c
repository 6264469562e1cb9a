/* SPDX-License-Identifier: MIT */
/* What a domain without privileges is answered by the calls for toolstacks and for the machine:
 * domctl, sysctl, platform_op, physdev_op, and the forms of other calls that name another domain,
 * each with a bad pointer, with another interface version and with good arguments. dom0 makes the
 * domain, which makes the calls. The answers are those of Xen, where this test can run, too.
 * Runs as: dom0 Cpus: 1 2 */
#include "tests/guests/common/toolstack.h"
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sysctl.h>

#define AT (TINY_PAGE + __builtin_offsetof(struct tiny, memory))

static struct made made;
static u32 calls;

static void start(void)
{
    memset(made.tiny->memory, 0, sizeof made.tiny->memory);
    calls = 0;
}

static void add(u64 number, u64 a, u64 b, u64 c, u64 d)
{
    made.tiny->call[calls].number = number;
    made.tiny->call[calls].argument[0] = a;
    made.tiny->call[calls].argument[1] = b;
    made.tiny->call[calls].argument[2] = c;
    made.tiny->call[calls].argument[3] = d;
    made.tiny->call[calls++].result = 0x1234;
}

static void make(void)
{
    if (!tiny_calls(&made, calls)) {
        error("the domain does not make its calls");
    }
}

/* On Xen some operations look for what does not exist before they refuse the caller. */
static bool on_xen(void)
{
    char extra[16] = "";

    hypercall(__HYPERVISOR_xen_version, XENVER_extraversion, address(extra), 0);
    return !starts_with(extra, ".0-pinion");
}

#define EXPECT(which, error, ...) check_equal(made.tiny->call[which].result, error, __VA_ARGS__)

/* Operations that Xen refuses all callers, before it looks whether they may. */
static bool xen_refuses_all(u64 number, u32 command)
{
    static const u8 commands[] = {21, 38, 39, 40, 46, 48, 50};

    for (u32 i = 0; number == __HYPERVISOR_domctl && i < ARRAY_LENGTH(commands); i++) {
        if (command == commands[i]) {
            return on_xen();
        }
    }
    return false;
}

/* A call whose structure begins with the command and the interface version. */
static void check_versioned(u64 number, const char *name, u32 version, u32 first, u32 last)
{
    u32 *words = (u32 *)made.tiny->memory;

    for (u32 command = first; command <= last; command++) {
        start();
        words[0] = command;
        words[1] = version;
        words[128] = command;
        words[129] = version ^ 1;
        add(number, AT, 0, 0, 0);
        add(number, AT + 512, 0, 0, 0);
        add(number, 8, 0, 0, 0);
        add(number, HYPERVISOR_VIRT_START, 0, 0, 0);
        make();
        if (!xen_refuses_all(number, command)) {
            EXPECT(0, -XEN_EPERM, "%s %u", name, command);
        }
        EXPECT(1, -XEN_EACCES, "%s %u with another version", name, command);
        EXPECT(2, -XEN_EFAULT, "%s at 8", name);
        EXPECT(3, -XEN_EFAULT, "%s at an address of the hypervisor", name);
    }
}

/* The domain that a domctl names does not matter (on Xen it does, if there is no such domain). */
static void check_domains(void)
{
    static const u16 ids[] = {0, 1, 77, DOMID_SELF, DOMID_IO, DOMID_INVALID};
    const u32 count = on_xen() ? 2 : ARRAY_LENGTH(ids);

    start();
    for (u32 i = 0; i < count; i++) {
        struct xen_domctl op = {.cmd = XEN_DOMCTL_getdomaininfo,
                                .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
                                .domain = ids[i]};

        memcpy(made.tiny->memory + i * 20, &op, sizeof op);
        add(__HYPERVISOR_domctl, AT + i * 160, 0, 0, 0);
    }
    make();
    for (u32 i = 0; i < count; i++) {
        EXPECT(i, -XEN_EPERM, "getdomaininfo of %u", ids[i]);
    }
}

/* Operations that Xen also serves for others, or refuses for another reason first. */
static bool xen_serves(u8 operation)
{
    switch (operation) {
    case PHYSDEVOP_irq_status_query:
    case PHYSDEVOP_restore_msi:
    case PHYSDEVOP_restore_msi_ext:
    case PHYSDEVOP_get_free_pirq:
    case PHYSDEVOP_setup_gsi:
        return on_xen();
    default:
        return false;
    }
}

static void check_physdev(void)
{
    static const struct {
        u8 operation;
        s8 good, bad;
    } expected[] = {
        {PHYSDEVOP_eoi, -XEN_EINVAL, -XEN_EFAULT},
        {PHYSDEVOP_irq_status_query, -XEN_EINVAL, -XEN_EFAULT},
        {PHYSDEVOP_set_iopl, 0, -XEN_EFAULT},
        {PHYSDEVOP_set_iobitmap, 0, -XEN_EFAULT},
        {PHYSDEVOP_apic_read, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_apic_write, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_alloc_irq_vector, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_map_pirq, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_unmap_pirq, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_manage_pci_add, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_manage_pci_remove, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_restore_msi, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_manage_pci_add_ext, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_setup_gsi, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_get_free_pirq, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_pci_mmcfg_reserved, -XEN_EPERM, -XEN_EPERM},
        {PHYSDEVOP_pci_device_add, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_pci_device_remove, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_restore_msi_ext, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_dbgp_op, -XEN_EPERM, -XEN_EPERM},
        {PHYSDEVOP_prepare_msix, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_release_msix, -XEN_EPERM, -XEN_EFAULT},
        {PHYSDEVOP_free_irq_vector, -XEN_ENOSYS, -XEN_ENOSYS},
        {32, -XEN_ENOSYS, -XEN_ENOSYS},
    };

    for (u32 i = 0; i < ARRAY_LENGTH(expected); i++) {
        start();
        *(u16 *)made.tiny->memory = DOMID_SELF;
        add(__HYPERVISOR_physdev_op, expected[i].operation, AT + 256, 0, 0);
        add(__HYPERVISOR_physdev_op, expected[i].operation, AT, 0, 0);
        add(__HYPERVISOR_physdev_op, expected[i].operation, 8, 0, 0);
        make();
        EXPECT(2, expected[i].bad, "physdev_op %u at 8", expected[i].operation);
        if (xen_serves(expected[i].operation)) {
            continue;
        }
        EXPECT(0, expected[i].good, "physdev_op %u", expected[i].operation);
        if (expected[i].operation != PHYSDEVOP_set_iopl &&
            expected[i].operation != PHYSDEVOP_set_iobitmap) {
            EXPECT(1, expected[i].good, "physdev_op %u of itself", expected[i].operation);
        }
    }
}

/* Owners of frames and of page tables: another domain, none, and the special ones. */
static void check_owners(void)
{
    static const struct {
        u64 owner;
        s8 mmuext, update, update_va;
    } expected[] = {
        {0, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM},
        {77, -XEN_ESRCH, -XEN_ESRCH, -XEN_ESRCH},
        {DOMID_XEN, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM},
    };
    const struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = 1};
    const struct mmu_update update = {.ptr = 0x1000};

    for (u32 i = 0; i < ARRAY_LENGTH(expected); i++) {
        const u64 owner = expected[i].owner;

        start();
        memcpy(made.tiny->memory, &pin, sizeof pin);
        memcpy(made.tiny->memory + 8, &update, sizeof update);
        add(__HYPERVISOR_mmuext_op, AT, 1, 0, owner);
        add(__HYPERVISOR_mmu_update, AT + 64, 1, 0, owner);
        add(__HYPERVISOR_update_va_mapping_otherdomain, 0x1000, 0, 0, owner);
        add(__HYPERVISOR_mmu_update, AT + 64, 1, 0, DOMID_SELF | (owner + 1) << 16);
        make();
        EXPECT(0, expected[i].mmuext, "mmuext_op for %lu", owner);
        EXPECT(1, expected[i].update, "mmu_update with frames of %lu", owner);
        EXPECT(2, expected[i].update_va, "update_va_mapping with frames of %lu", owner);
        EXPECT(3, owner ? -XEN_ESRCH : -XEN_EPERM, "mmu_update of tables of %lu", owner);
    }
    start();
    memcpy(made.tiny->memory, &pin, sizeof pin);
    memcpy(made.tiny->memory + 8, &update, sizeof update);
    add(__HYPERVISOR_mmuext_op, AT, 1, 0, DOMID_IO);
    add(__HYPERVISOR_mmu_update, AT + 64, 1, 0, DOMID_SELF | (DOMID_IO + 1ull) << 16);
    make();
    EXPECT(0, -XEN_EPERM, "mmuext_op for devices");
    EXPECT(1, -XEN_ESRCH, "mmu_update of tables of devices");
}

static void check_memory(void)
{
    struct xen_memory_reservation reservation = {.domid = 0, .nr_extents = 1};
    struct xen_foreign_memory_map map = {.domid = 0};
    struct xen_mem_acquire_resource resource = {.domid = 0};

    start();
    memcpy(made.tiny->memory, &reservation, sizeof reservation);
    memcpy(made.tiny->memory + 16, &map, sizeof map);
    memcpy(made.tiny->memory + 32, &resource, sizeof resource);
    add(__HYPERVISOR_memory_op, XENMEM_current_reservation, AT + 256, 0, 0);
    add(__HYPERVISOR_memory_op, XENMEM_maximum_gpfn, AT + 256, 0, 0);
    add(__HYPERVISOR_memory_op, XENMEM_populate_physmap, AT, 0, 0);
    add(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, AT, 0, 0);
    add(__HYPERVISOR_memory_op, XENMEM_claim_pages, AT, 0, 0);
    add(__HYPERVISOR_memory_op, XENMEM_machine_memory_map, AT + 256, 0, 0);
    add(__HYPERVISOR_memory_op, XENMEM_machine_memory_map, 8, 0, 0);
    add(__HYPERVISOR_memory_op, XENMEM_set_memory_map, AT + 128, 0, 0);
    add(__HYPERVISOR_memory_op, XENMEM_acquire_resource, AT + 256, 0, 0);
    make();
    EXPECT(0, -XEN_EPERM, "current_reservation");
    EXPECT(1, -XEN_EPERM, "maximum_gpfn");
    EXPECT(2, 0, "populate_physmap");
    EXPECT(3, 0, "decrease_reservation");
    EXPECT(4, -XEN_EPERM, "claim_pages");
    EXPECT(5, -XEN_EPERM, "machine_memory_map");
    EXPECT(6, -XEN_EPERM, "machine_memory_map at 8");
    EXPECT(7, -XEN_EPERM, "set_memory_map");
    EXPECT(8, -XEN_EPERM, "acquire_resource");
}

static void check_events(void)
{
    struct sched_remote_shutdown end = {.domain_id = 0, .reason = SHUTDOWN_poweroff};
    struct evtchn_alloc_unbound port = {.dom = 0, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = 0, .port = 1};
    struct evtchn_reset reset = {.dom = 0};

    start();
    memcpy(made.tiny->memory, &end, sizeof end);
    memcpy(made.tiny->memory + 8, &port, sizeof port);
    memcpy(made.tiny->memory + 16, &status, sizeof status);
    memcpy(made.tiny->memory + 24, &reset, sizeof reset);
    add(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, AT, 0, 0);
    add(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, 8, 0, 0);
    add(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, AT + 64, 0, 0);
    add(__HYPERVISOR_event_channel_op, EVTCHNOP_status, AT + 128, 0, 0);
    add(__HYPERVISOR_event_channel_op, EVTCHNOP_reset, AT + 192, 0, 0);
    make();
    EXPECT(0, -XEN_EPERM, "remote_shutdown");
    EXPECT(1, -XEN_EFAULT, "remote_shutdown at 8");
    EXPECT(2, -XEN_EPERM, "alloc_unbound");
    EXPECT(3, -XEN_EPERM, "status");
    EXPECT(4, -XEN_EPERM, "reset");
}

void test_main(void)
{
    if (tiny_make(&made) || !tiny_map(&made) || tiny_command(XEN_DOMCTL_unpausedomain, made.id)) {
        error("a domain cannot be made");
    }
    check_versioned(__HYPERVISOR_domctl, "domctl", XEN_DOMCTL_INTERFACE_VERSION, 1, 88);
    check_versioned(__HYPERVISOR_sysctl, "sysctl", XEN_SYSCTL_INTERFACE_VERSION, 1, 30);
    check_versioned(__HYPERVISOR_platform_op, "platform_op", XENPF_INTERFACE_VERSION, 17, 64);
    check_domains();
    check_physdev();
    check_owners();
    check_memory();
    check_events();
    tiny_unmap(&made);
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made.id), 0, "destroydomain");
}

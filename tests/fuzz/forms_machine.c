/* SPDX-License-Identifier: MIT */
/* sysctl, platform_op, physdev_op and console_io. */
#define __XEN_TOOLS__
#include "tests/fuzz/forms.h"

#include "hypervisor/irq/message.h"

/* The words of the operation's structure: flags and counts that are small, pointers that are good.
 */
static void fill_words(u64 *words, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        words[i] = word_once_in(2) ? word_pointer() : word_or_any(input_below(&input, 8));
    }
}

static void sysctl(struct form *form)
{
    struct xen_sysctl op = {.cmd = WORD_OF(u32, 1 + input_below(&input, 29)),
                            .interface_version = WORD_OF(u32, XEN_SYSCTL_INTERFACE_VERSION)};
    u64 words[6];

    fill_words(words, ARRAY_LENGTH(words));
    memcpy(&op.u, words, sizeof words);
    if (op.cmd == XEN_SYSCTL_debug_keys) {
        static const char keys[] = "heqgimrC";

        op.u.debug_keys.nr_keys = WORD_OF(u32, 1);
        set_xen_guest_handle(op.u.debug_keys.keys,
                             (void *)form_put(keys + input_below(&input, 8), 1));
    } else if (op.cmd == XEN_SYSCTL_scheduler_op) {
        op.u.scheduler_op.cpupool_id = word_once_in(8);
        op.u.scheduler_op.sched_id = WORD_OF(u32, XEN_SCHEDULER_CREDIT2);
    } else if (op.cmd == XEN_SYSCTL_getdomaininfolist) {
        op.u.getdomaininfolist.max_domains = WORD_OF(u32, 8);
        op.u.getdomaininfolist.first_domain = WORD_OF(u16, 0);
        set_xen_guest_handle(op.u.getdomaininfolist.buffer, (void *)word_pointer());
    } else if (op.cmd == XEN_SYSCTL_get_cpu_policy) {
        op.u.cpu_policy._rsvd = 0;
    }
    form->number = __HYPERVISOR_sysctl;
    form->argument[0] = word_or_any(FORM_PUT(op));
}

static void platform(struct form *form)
{
    static const u8 commands[] = {
        XENPF_settime32,     XENPF_settime64,        XENPF_get_cpu_version,     XENPF_get_cpuinfo,
        XENPF_firmware_info, XENPF_enter_acpi_sleep, XENPF_set_processor_pminfo};
    struct xen_platform_op op = {.cmd = commands[input_below(&input, ARRAY_LENGTH(commands))],
                                 .interface_version = WORD_OF(u32, XENPF_INTERFACE_VERSION)};
    u64 words[4];

    fill_words(words, ARRAY_LENGTH(words));
    memcpy(&op.u, words, sizeof words);
    if (op.cmd == XENPF_firmware_info) {
        op.u.firmware_info.type = WORD_OF(u32, input_below(&input, 7));
        op.u.firmware_info.index = WORD_OF(u32, input_below(&input, 8));
        if (op.u.firmware_info.index == XEN_FW_EFI_VENDOR) {
            set_xen_guest_handle(op.u.firmware_info.u.efi_info.vendor.name, (void *)word_pointer());
        }
    } else if (op.cmd == XENPF_settime64) {
        op.u.settime64 = (struct xenpf_settime64){.secs = word_or_any(1000)};
    } else if (op.cmd == XENPF_enter_acpi_sleep) {
        op.u.enter_acpi_sleep.sleep_state = (u8)(word_once_in(4) ? 5 : 3);
        op.u.enter_acpi_sleep.flags = word_once_in(4);
    }
    form->number = __HYPERVISOR_platform_op;
    form->argument[0] = word_or_any(FORM_PUT(op));
}

/* A PCI function of tests/unit/irq/devices.h, or the number of none. */
static u8 a_function(void)
{
    return (u8)(word_once_in(16) ? word_any() : 8 * (1 + input_below(&input, 5)));
}

static u64 pirq_structure(u32 operation)
{
    static const u8 types[] = {MAP_PIRQ_TYPE_MSI, MAP_PIRQ_TYPE_GSI, MAP_PIRQ_TYPE_MSI_SEG,
                               MAP_PIRQ_TYPE_MULTI_MSI, MAP_PIRQ_TYPE_UNKNOWN};
    const u32 pirq = WORD_OF(u32, input_below(&input, 48));
    struct physdev_map_pirq map = {.domid = word_once_in(8) ? word_domain() : DOMID_SELF,
                                   .type = types[input_below(&input, ARRAY_LENGTH(types))],
                                   .index = WORD_OF(s32, input_below(&input, 33)),
                                   .pirq = word_once_in(2) ? -1 : (s32)pirq,
                                   .devfn = a_function(),
                                   .entry_nr = WORD_OF(s32, input_below(&input, 9)),
                                   .table_base = word_once_in(2) ? 0xfebf1000 : 0};
    struct physdev_unmap_pirq unmap = {.domid = map.domid, .pirq = (s32)pirq};
    struct physdev_pirq_eoi_gmfn page = {.gmfn = word_or_any(word_frame(current_vcpu()->domain))};
    struct physdev_setup_gsi gsi = {.gsi = (s32)pirq,
                                    .triggering = (u8)input_below(&input, 2),
                                    .polarity = (u8)input_below(&input, 2)};
    struct physdev_apic apic = {.apic_physbase = word_once_in(2) ? 0xfec00000 : 0xfec10000,
                                .reg = WORD_OF(u32, input_below(&input, 70)),
                                .value = (u32)word_any()};
    u32 words[4] = {pirq, input_below(&input, 3)};

    apic.apic_physbase = word_or_any(apic.apic_physbase);
    switch (operation) {
    case PHYSDEVOP_map_pirq:
        return FORM_PUT(map);
    case PHYSDEVOP_unmap_pirq:
        return FORM_PUT(unmap);
    case PHYSDEVOP_pirq_eoi_gmfn_v1:
    case PHYSDEVOP_pirq_eoi_gmfn_v2:
        return FORM_PUT(page);
    case PHYSDEVOP_setup_gsi:
        return FORM_PUT(gsi);
    case PHYSDEVOP_apic_read:
    case PHYSDEVOP_apic_write:
        return FORM_PUT(apic);
    default: /* a pirq, or the type of a free one */
        return FORM_PUT(words);
    }
}

static u64 pci_structure(u32 operation)
{
    struct physdev_pci_device device = {.devfn = a_function()};
    struct physdev_manage_pci manage = {.devfn = device.devfn};
    struct physdev_manage_pci_ext extended = {.devfn = device.devfn};
    struct physdev_restore_msi restore = {.devfn = device.devfn};
    u8 bytes[64] = {0};

    switch (operation) {
    case PHYSDEVOP_manage_pci_add:
    case PHYSDEVOP_manage_pci_remove:
        return FORM_PUT(manage);
    case PHYSDEVOP_manage_pci_add_ext:
        return FORM_PUT(extended);
    case PHYSDEVOP_restore_msi:
        return FORM_PUT(restore);
    case PHYSDEVOP_pci_mmcfg_reserved:
    case PHYSDEVOP_dbgp_op:
        return FORM_PUT(bytes);
    default: /* pci_device_add begins with the same words */
        memcpy(bytes, &device, sizeof device);
        return FORM_PUT(bytes);
    }
}

static void physdev(struct form *form)
{
    static const u8 pirqs[] = {PHYSDEVOP_map_pirq,
                               PHYSDEVOP_map_pirq,
                               PHYSDEVOP_map_pirq,
                               PHYSDEVOP_unmap_pirq,
                               PHYSDEVOP_eoi,
                               PHYSDEVOP_irq_status_query,
                               PHYSDEVOP_pirq_eoi_gmfn_v1,
                               PHYSDEVOP_pirq_eoi_gmfn_v2,
                               PHYSDEVOP_setup_gsi,
                               PHYSDEVOP_get_free_pirq,
                               PHYSDEVOP_alloc_irq_vector,
                               PHYSDEVOP_apic_read,
                               PHYSDEVOP_apic_write};
    static const u8 devices[] = {
        PHYSDEVOP_pci_device_add,     PHYSDEVOP_manage_pci_add, PHYSDEVOP_manage_pci_add_ext,
        PHYSDEVOP_prepare_msix,       PHYSDEVOP_release_msix,   PHYSDEVOP_pci_device_remove,
        PHYSDEVOP_manage_pci_remove,  PHYSDEVOP_restore_msi,    PHYSDEVOP_restore_msi_ext,
        PHYSDEVOP_pci_mmcfg_reserved, PHYSDEVOP_dbgp_op};
    const bool pci = word_once_in(4);
    const u8 operation = pci ? devices[input_below(&input, ARRAY_LENGTH(devices))]
                             : pirqs[input_below(&input, ARRAY_LENGTH(pirqs))];

    form->number = __HYPERVISOR_physdev_op;
    form->argument[0] = word_or_any(operation);
    form->argument[1] = word_or_any(pci ? pci_structure(operation) : pirq_structure(operation));
}

static void console(struct form *form)
{
    form->number = __HYPERVISOR_console_io;
    form->argument[0] = WORD_OF(u32, input_below(&input, 2));
    form->argument[1] = WORD_OF(u32, input_below(&input, 80));
    form->argument[2] = word_pointer();
}

void form_machine(struct form *form)
{
    switch (input_below(&input, 8)) {
    case 0:
        console(form);
        break;
    case 1:
        platform(form);
        break;
    case 2:
    case 3:
        sysctl(form);
        break;
    default:
        physdev(form);
    }
}

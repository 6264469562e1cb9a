/* SPDX-License-Identifier: MIT */
/* Message-signalled interrupts of PCI functions. */
#include "hypervisor/irq/message.h"
#include "hypervisor/pci/config.h"
#include "hypervisor/xen.h"

#define MSI_ADDRESS_HIGH 8u
#define MSI_DATA         8u
#define MSI_DATA_WIDE    12u
#define MSI_MASKS        12u /* behind the data */
#define MSI_MASKS_WIDE   16u

#define ADDRESS_BASE   0xfee00000u
#define ADDRESS_TARGET 12

/* The words of an entry of an MSI-X table. */
enum { ENTRY_ADDRESS, ENTRY_ADDRESS_HIGH, ENTRY_DATA, ENTRY_CONTROL };
#define ENTRY_MASKED 1u

static u32 address_of(u32 apic_id)
{
    return ADDRESS_BASE | apic_id << ADDRESS_TARGET;
}

static u32 control_of(const struct message *message)
{
    return pci_read(message->function, message->capability + MSI_CONTROL, 2);
}

static void set_control(const struct message *message, u32 control)
{
    pci_write(message->function, message->capability + MSI_CONTROL, 2, control);
}

u64 message_table(u16 function, u32 *entries)
{
    u32 capability = pci_capability(function, PCI_CAPABILITY_MSIX);

    if (!capability || !(pci_read(function, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY)) {
        return 0;
    }
    u32 table = pci_read(function, capability + MSIX_TABLE, 4);
    u64 bar = pci_bar(function, table & MSIX_TABLE_BAR);
    *entries = (pci_read(function, capability + MSIX_CONTROL, 2) & MSIX_SIZE_MASK) + 1;
    return bar ? bar + (table & ~MSIX_TABLE_BAR) : 0;
}

static s64 find_extended(u32 number, struct message *message)
{
    u32 entries = (control_of(message) & MSIX_SIZE_MASK) + 1;

    if (number >= entries) {
        return -XEN_EINVAL;
    }
    u64 table = message_table(message->function, &entries);
    if (!table) {
        return -XEN_ENXIO;
    }
    message->maskable = true;
    message->entry = message_map(table + (u64)number * MSIX_ENTRY_SIZE);
    return message->entry ? 0 : -XEN_ENOMEM;
}

s64 message_find(u16 function, bool extended, u32 number, struct message *message)
{
    u32 capability = pci_capability(function, extended ? PCI_CAPABILITY_MSIX : PCI_CAPABILITY_MSI);

    if (!capability) {
        return -XEN_ENODEV;
    }
    *message = (struct message){.function = function,
                                .number = (u16)number,
                                .capability = (u8)capability,
                                .extended = extended};
    if (extended) {
        return find_extended(number, message);
    }
    u32 control = control_of(message);
    message->wide = control & MSI_WIDE;
    message->maskable = control & MSI_MASKABLE;
    return number < 1u << (control >> MSI_COUNT_ABLE & MSI_COUNT_MASK) ? 0 : -XEN_EINVAL;
}

/* Programs the MSI of a function: the messages differ in the low bits of the data, which the
 * function itself sets. */
static void program_msi(const struct message *message, u32 vector, u32 apic_id, u32 count)
{
    u32 at = message->capability, logarithm = (u32)__builtin_ctz(count);

    pci_write(message->function, at + MSI_ADDRESS, 4, address_of(apic_id));
    if (message->wide) {
        pci_write(message->function, at + MSI_ADDRESS_HIGH, 4, 0);
    }
    pci_write(message->function, at + (message->wide ? MSI_DATA_WIDE : MSI_DATA), 2, vector);
    set_control(message, (control_of(message) & ~(MSI_COUNT_MASK << MSI_COUNT_SET)) |
                             logarithm << MSI_COUNT_SET);
}

void message_program(const struct message *message, u32 vector, u32 apic_id, u32 count)
{
    if (!message->extended) {
        program_msi(message, vector, apic_id, count);
        return;
    }
    message->entry[ENTRY_ADDRESS] = address_of(apic_id);
    message->entry[ENTRY_ADDRESS_HIGH] = 0;
    message->entry[ENTRY_DATA] = vector;
}

void message_aim(const struct message *message, u32 apic_id)
{
    if (!message->extended) {
        pci_write(message->function, message->capability + MSI_ADDRESS, 4, address_of(apic_id));
        return;
    }
    /* A function may use an old copy of an entry that it does not see masked. What it has to send
     * meanwhile it sends afterwards. */
    u32 control = message->entry[ENTRY_CONTROL];
    message->entry[ENTRY_CONTROL] = control | ENTRY_MASKED;
    message->entry[ENTRY_ADDRESS] = address_of(apic_id);
    message->entry[ENTRY_CONTROL] = control;
}

static void set_mask(const struct message *message, bool masked)
{
    if (message->extended) {
        u32 control = message->entry[ENTRY_CONTROL];

        message->entry[ENTRY_CONTROL] = masked ? control | ENTRY_MASKED : control & ~ENTRY_MASKED;
        (void)message->entry[ENTRY_CONTROL]; /* the read makes sure that the write has arrived */
        return;
    }
    u32 at = message->capability + (message->wide ? MSI_MASKS_WIDE : MSI_MASKS);
    u32 masks = pci_read(message->function, at, 4), bit = 1u << message->number;

    pci_write(message->function, at, 4, masked ? masks | bit : masks & ~bit);
}

void message_mask(const struct message *message)
{
    set_mask(message, true);
}

void message_unmask(const struct message *message)
{
    set_mask(message, false);
}

void message_switch(const struct message *message, bool on)
{
    u32 control = control_of(message);

    set_control(message, on ? control | MSI_ENABLE : control & ~MSI_ENABLE);
}

bool message_set_pin_off(const struct message *message, bool off)
{
    u32 command = pci_read(message->function, PCI_COMMAND, 2);
    u32 wanted = off ? command | PCI_COMMAND_INTX_OFF : command & ~PCI_COMMAND_INTX_OFF;

    if (wanted != command) {
        pci_write(message->function, PCI_COMMAND, 2, wanted);
    }
    return command & PCI_COMMAND_INTX_OFF;
}

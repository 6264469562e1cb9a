/* SPDX-License-Identifier: MIT */
/* Message-signalled interrupts: a PCI function that writes to the local APICs' addresses. MSI has
 * one address for all of a function's messages, in configuration space; MSI-X a table in device
 * memory, with an address, data and a mask bit for each entry.
 *
 * The hypervisor alone writes addresses, data and masks. The privileged domain switches MSI and
 * MSI-X on and off (pci/guest.h). A function whose MSI has no mask bits is masked by switching its
 * MSI off, and its pin with it; what the privileged domain asked for is kept and takes effect again
 * later.
 *
 * The caller serialises the calls for one function's MSI, and for one entry of an MSI-X table.
 * Sources: PCI Local Bus specification 3.0, section 6.8; Intel manual 3A, 11.11. */
#ifndef IRQ_MESSAGE_H
#define IRQ_MESSAGE_H

#include "lib/types.h"

#define MSI_MESSAGES_MAX 32u
#define MSIX_ENTRIES_MAX 2048u

/* Offsets in the capabilities, and bits of their control words. */
#define MSI_CONTROL     2u
#define MSI_ADDRESS     4u
#define MSI_ENABLE      0x0001u
#define MSI_COUNT_ABLE  1 /* shift of the logarithm of how many messages the function can send */
#define MSI_COUNT_SET   4 /* shift of the logarithm of how many it may send */
#define MSI_COUNT_MASK  7u
#define MSI_WIDE        0x0080u
#define MSI_MASKABLE    0x0100u
#define MSIX_CONTROL    2u
#define MSIX_TABLE      4u
#define MSIX_TABLE_BAR  7u
#define MSIX_SIZE_MASK  0x07ffu
#define MSIX_ALL_MASKED 0x4000u
#define MSIX_ENABLE     0x8000u
#define MSIX_ENTRY_SIZE 16u

struct message {
    u16 function;        /* PCI_FUNCTION */
    u16 number;          /* MSI-X: the entry of the table; MSI: which of the function's messages */
    u8 capability;       /* offset */
    bool extended;       /* MSI-X */
    bool wide;           /* MSI: the address has 64 bits */
    bool maskable;       /* false: an MSI without mask bits */
    volatile u32 *entry; /* MSI-X: the entry */
};

/* Finds message `number` of the function, with `extended` of its MSI-X table, and maps the table.
 * 0, or -XEN_ENODEV: there is no such function, or it has no such capability; -XEN_EINVAL: it has
 * no such message; -XEN_ENXIO: the table has no address, or the function does not decode it;
 * -XEN_ENOMEM. */
s64 message_find(u16 function, bool extended, u32 number, struct message *message);

/* Writes the address for APIC id `apic_id` (at most 0xff) and `vector`, for an MSI that of the
 * first of `count` messages, a power of two. The message must be masked, or off. */
void message_program(const struct message *message, u32 vector, u32 apic_id, u32 count);

/* Changes the CPU alone; no interrupt is lost. */
void message_aim(const struct message *message, u32 apic_id);

/* Set and clear the message's mask bit. For a message that is `maskable`. */
void message_mask(const struct message *message);
void message_unmask(const struct message *message);

/* Switches the function's MSI on or off. */
void message_switch(const struct message *message, bool on);

/* Switches the function's pin off or on; says whether it was off. */
bool message_set_pin_off(const struct message *message, bool off);

/* The machine address of the function's MSI-X table, with *entries. 0: it has none, or no address,
 * or does not decode it. */
u64 message_table(u16 function, u32 *entries);

/* Maps the page of device memory that holds `address`, once for all calls. NULL: no memory, or too
 * many such pages. Defined by irq/message_table.c, in tests by the test. */
void *message_map(u64 address);

#endif

/* SPDX-License-Identifier: MIT */
/* Interrupt lines: a pin of an IO-APIC, or a message of a PCI function (MSI, MSI-X), with the
 * vector by which it interrupts. A line is named by its vector. The opener gives it a number, the
 * user, by which interrupt_of_line reports its interrupts.
 *
 * A line is masked from the beginning. The caller serialises the calls for one line. The functions
 * take RANK_LINES. */
#ifndef IRQ_LINE_H
#define IRQ_LINE_H

#include "lib/types.h"

#define LINE_USERS_MAX 0xfffeu /* users are below this number */
#define LINE_USER_ISA                                                                              \
    0x10000u /* but for the hypervisor itself: interrupt N of an old device (irq/isa.h) has user   \
                LINE_USER_ISA + N, and is reported by interrupt_of_device */

/* Opens the line of pin `gsi` for `user`, to interrupt CPU number `cpu`. Returns its vector; 0:
 * *error is -XEN_EINVAL (there is no such pin), -XEN_EBUSY (it is open), or -XEN_ENOSPC (no vector
 * is free). */
u32 line_open_pin(u32 gsi, u32 user, u32 cpu, s64 *error);

/* Opens the lines of `count` messages of a PCI function (PCI_FUNCTION): with `extended` the entry
 * `number` of its MSI-X table, where `count` is 1, else its first `count` MSI messages. The line of
 * message n gets user `user` + n, and the vector that is returned + n. 0: *error is what
 * message_find says, -XEN_EBUSY (one is open, or one of the other kind is), -XEN_EOPNOTSUPP
 * (several messages of a function that cannot mask each alone) or -XEN_ENOSPC. */
u32 line_open_messages(u16 function, bool extended, u32 number, u32 count, u32 user, u32 cpu,
                       s64 *error);

/* Masks the line and closes it. An interrupt that is on its way arrives without a user. Lines of
 * one MSI are closed from the last to the first. */
void line_close(u32 vector);

/* Makes the line interrupt CPU number `cpu`. */
void line_aim(u32 vector, u32 cpu);

void line_mask(u32 vector);
void line_unmask(u32 vector);

/* Says whether the line interrupts for as long as the device asserts it, so that it must be masked
 * until the device has been served. */
bool line_is_level(u32 vector);

/* Says whether the line can be opened by nobody but the hypervisor, which uses its pin itself. */
bool line_is_own(u32 vector);

/* The vector of pin `gsi`; 0: it is not open. */
u32 line_of_pin(u32 gsi);

/* The user of the line with this vector. False: it is not open. Takes no lock. */
bool line_user(u32 vector, u32 *user);

/* ---- what the privileged domain may change itself (pci/guest.h) ---- */

/* How a function's messages are in use. */
enum line_messages { LINE_MESSAGES_NONE, LINE_MESSAGES_MSI, LINE_MESSAGES_MSIX };
enum line_messages line_messages_of(u16 function);

/* Records whether the function's MSI, of which there is an open line, is to be on. */
void line_want_msi(u16 function, bool on);

/* Says whether the function's MSI is to be on; false if no line of it is open. */
bool line_msi_is_wanted(u16 function);

/* Masks all entries of the function's MSI-X table that are not open. False: the table cannot be
 * reached. */
bool line_mask_unused(u16 function);

/* Writes addresses, data and masks of all open lines of the function again, which has lost them.
 * False: there are none. */
bool line_restore(u16 function);

#endif

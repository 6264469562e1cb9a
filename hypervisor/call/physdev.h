/* SPDX-License-Identifier: MIT */
/* The operations of physdev_op that only the privileged domain has: `domain`. Each reads its
 * argument at guest address `at` (-XEN_EFAULT: it cannot be read or written) and returns the ABI's
 * result. */
#ifndef CALL_PHYSDEV_H
#define CALL_PHYSDEV_H

#include "hypervisor/domain/domain.h"

/* ---- call/physdev_interrupt.c ---- */

s64 physdev_map_pirq(struct domain *domain, u64 at);
s64 physdev_unmap_pirq(struct domain *domain, u64 at);
s64 physdev_get_free_pirq(struct domain *domain, u64 at);
s64 physdev_alloc_irq_vector(struct domain *domain, u64 at);
s64 physdev_irq_status_query(struct domain *domain, u64 at);
s64 physdev_setup_gsi(struct domain *domain, u64 at);
s64 physdev_eoi(struct domain *domain, u64 at);
s64 physdev_pirq_eoi_gmfn(struct domain *domain, u64 at, bool unmasks, bool *again);
s64 physdev_apic_read(u64 at);
s64 physdev_apic_write(struct domain *domain, u64 at);

/* ---- call/physdev_pci.c ---- */

s64 physdev_manage_pci(u64 at, bool add);
s64 physdev_manage_pci_add_ext(u64 at);
s64 physdev_pci_device_add(u64 at);
s64 physdev_pci_device_remove(u64 at);
s64 physdev_msix_table(u64 at);
s64 physdev_restore_msi(u64 at, bool with_segment);
s64 physdev_pci_mmcfg_reserved(u64 at);
s64 physdev_dbgp_op(u64 at);

#endif

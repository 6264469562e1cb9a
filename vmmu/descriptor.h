/* SPDX-License-Identifier: MIT */
/* Descriptor tables: pages whose every descriptor a guest may load. */
#ifndef VMMU_DESCRIPTOR_H
#define VMMU_DESCRIPTOR_H

#include "vmmu/vmmu.h"

/* Checks all descriptors of page `m`, which this CPU has to itself, and forces their rings. False:
 * one is not allowed; it is in *word, and the page is unchanged. */
bool descriptor_page_adopt(mfn_t m, u64 *word);

/* Empties the vCPU's GDT and LDT. */
void descriptor_drop_all(struct vmmu_vcpu *vcpu);

#endif

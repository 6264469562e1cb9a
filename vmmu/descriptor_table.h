/* SPDX-License-Identifier: MIT */
/* A vCPU's GDT and LDT. */
#ifndef VMMU_DESCRIPTOR_TABLE_H
#define VMMU_DESCRIPTOR_TABLE_H

#include "vmmu/vmmu.h"

/* Drops all pages of the vCPU's GDT and LDT. Afterwards both have 0 entries and no page. */
void descriptor_table_drop_all(struct vmmu_vcpu *vcpu);

#endif

/* SPDX-License-Identifier: MIT */
/* What the files of the oracle share: the rules of one frame, of one entry, of one vCPU. */
#ifndef TESTS_MODEL_ORACLE_PARTS_H
#define TESTS_MODEL_ORACLE_PARTS_H

#include "tests/model/oracle.h"

enum vmmu_result oracle_get(struct oracle *o, u32 m, u32 domain);
void oracle_put(struct oracle *o, u32 m);
enum vmmu_result oracle_get_type(struct oracle *o, u32 m, enum vmmu_type type);
enum vmmu_result oracle_put_type(struct oracle *o, u32 m);
enum vmmu_result oracle_finish_partial(struct oracle *o, u32 m);
enum vmmu_result oracle_check_entry(const struct oracle *o, u32 level, u64 entry);
enum vmmu_result oracle_get_entry(struct oracle *o, u32 level, u64 entry, u32 table_owner,
                                  u32 frame_owner, bool *held);
enum vmmu_result oracle_put_entry(struct oracle *o, u32 level, u64 entry);

/* Which element of oracle.access is that of a device frame. */
u32 oracle_device_kind(const struct oracle *o, u64 frame);

/* Returns an entry of a device frame with a memory type for devices. */
u64 oracle_device_form(u64 entry);

/* Says whether an entry is present, of level 1, and maps a device frame. Then oracle_accept_device
 * decides about it, and gives it the form that it has in a live table; no reference is taken. */
bool oracle_names_device(const struct oracle *o, u32 level, u64 entry);
enum vmmu_result oracle_accept_device(const struct oracle *o, u32 table_owner, u32 frame_owner,
                                      u64 *entry);
u64 oracle_installed(u32 level, u64 entry);
bool oracle_slot_is_guests(u32 level, u32 index);
bool oracle_descriptor_allowed(u64 descriptor);
u64 oracle_descriptor_installed(u64 descriptor);
enum vmmu_result oracle_settle(struct oracle *o, struct oracle_vcpu *v);
enum vmmu_result oracle_vcpu_stop(struct oracle *o, struct oracle_vcpu *v);
void oracle_ldt_drop(struct oracle *o, struct oracle_vcpu *v);
enum vmmu_result oracle_of_vcpu(struct oracle *o, const struct model_op *op);
void oracle_owe(struct oracle_vcpu *v, u32 m, bool put);
void oracle_abandon(struct oracle *o, struct oracle_vcpu *v, u32 m, enum vmmu_result result);
enum vmmu_result oracle_update(struct oracle *o, struct oracle_vcpu *v, const struct model_op *op);
enum vmmu_result oracle_update_va(struct oracle *o, struct oracle_vcpu *v,
                                  const struct model_op *op);
enum vmmu_result oracle_emulated_write(struct oracle *o, struct oracle_vcpu *v,
                                       const struct model_op *op);
enum vmmu_result oracle_emulated_write_at(struct oracle *o, struct oracle_vcpu *v, u64 at,
                                          const struct model_op *op);
enum vmmu_result oracle_map_at(struct oracle *o, struct oracle_vcpu *v, const struct model_op *op);
enum vmmu_result oracle_unmap_at(struct oracle *o, struct oracle_vcpu *v, u64 at, u64 m,
                                 bool writable);
enum vmmu_result oracle_unmap_va(struct oracle *o, struct oracle_vcpu *v,
                                 const struct model_op *op);
enum vmmu_result oracle_replace_va(struct oracle *o, struct oracle_vcpu *v,
                                   const struct model_op *op);
enum vmmu_result oracle_set_m2p(struct oracle *o, u64 m, u32 owner, u64 value);

#endif

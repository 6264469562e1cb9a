/* SPDX-License-Identifier: MIT */
/* Declarations of those parts of QEMU's plugin interface, version 1, that the plugins use. Source:
 * QEMU's documentation; Debian does not package QEMU's own header. */
#ifndef BENCH_PLUGIN_QEMU_H
#define BENCH_PLUGIN_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
struct qemu_plugin_hwaddr;

#define QEMU_PLUGIN_INTERFACE    1
#define QEMU_PLUGIN_ADD_U64      0 /* operation that QEMU executes without calling the plugin */
#define QEMU_PLUGIN_NO_REGISTERS 0 /* the callback reads no registers */
#define QEMU_PLUGIN_MEMORY_BOTH  3 /* loads and stores */
#define QEMU_PLUGIN_EXPORT       __attribute__((visibility("default")))

extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;
QEMU_PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc,
                                           char **argv);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                           void (*call)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            void (*call)(unsigned cpu, void *data), int flags,
                                            void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
                                                void *counter, uint64_t addend);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*call)(unsigned cpu, uint32_t access, uint64_t address,
                                                   void *data),
                                      int flags, int which, void *data);
bool qemu_plugin_mem_is_store(uint32_t access);
const struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t access, uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *where);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *where);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*call)(uint64_t id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#endif

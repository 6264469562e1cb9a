/* SPDX-License-Identifier: MIT */
/* Port instructions of guests. One that the guest's kernel permits reaches the machine's port if
 * the guest has a right to it (emulate/machine_port.h); otherwise it reads all ones or writes
 * nowhere. */
#ifndef EMULATE_PORT_H
#define EMULATE_PORT_H

#include "hypervisor/emulate/decode.h"
#include "hypervisor/emulate/emulate.h"

/* True when the vCPU's I/O bitmap (PHYSDEVOP_set_iobitmap) permits every port that `in`, a decoded
 * port instruction, accesses. The bitmap is read now, through the vCPU's kernel root; what cannot
 * be read permits nothing. The vCPU must be the current one. */
bool port_in_bitmap(struct vcpu *vcpu, const struct instruction *in);

/* Execute a decoded port instruction, of a string instruction one element, except for its end
 * (instruction_finish). The caller has checked that the vCPU may access the ports. */
enum emulated port_in(struct vcpu *vcpu, const struct instruction *in);
enum emulated port_out(struct vcpu *vcpu, const struct instruction *in);
enum emulated port_ins(struct vcpu *vcpu, const struct instruction *in);
enum emulated port_outs(struct vcpu *vcpu, const struct instruction *in);

#endif

/* SPDX-License-Identifier: MIT */
/* The hypercall `watch`: how a tool in the privileged domain watches the hypervisor. It is
 * Pinion's own, beside the ABI. Tools and hypervisor both follow this header; the structures of a
 * family of operations stand in a header of the family's own.
 *
 * Is it there? CPUID leaf 0x40000100 names "PinionVMMCPU" in EBX, ECX and EDX, and its EAX is at
 * least WATCH_LEAF. Leaf WATCH_LEAF then has in EAX the number of the hypercall, in EBX
 * WATCH_VERSION. Xen leaves that number to architectures, and uses none of these on x86.
 *
 * The call. Argument 0 is the operation (enum watch_operation), argument 1 the address of its
 * structure, which begins with the u32 `version`, WATCH_VERSION. The structures have the same
 * layout for every compiler: each member is aligned to its size, and gaps are members. What a
 * buffer of a structure receives is said there. The contents of guests' memory are never part of
 * it.
 *
 * Results: 0, or a number that the operation defines; or an error of the ABI, negated:
 *   EPERM   the caller is not privileged
 *   ENOSYS  there is no such operation
 *   EFAULT  the structure or a buffer cannot be read or written
 *   EACCES  `version` is another
 *   and those that an operation names. A refused operation has changed nothing but buffers. */
#ifndef LIB_WATCH_H
#define LIB_WATCH_H

#define WATCH_NAME_LEAF 0x40000100u
#define WATCH_LEAF      0x40000102u
#define WATCH_HYPERCALL 55 /* __HYPERVISOR_arch_7 */
#define WATCH_VERSION   1u

enum watch_operation {
    /* the timeline: lib/watch_trace.h */
    WATCH_TRACE_START = 1,
    WATCH_TRACE_STOP = 2,
    WATCH_TRACE_READ = 3,
    /* 16 to 31: counters of domains, vCPUs and CPUs: lib/watch_counters.h */
    /* 32 to 47: frames and page tables: lib/watch_frames.h */
};

#endif

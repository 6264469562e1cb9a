/* SPDX-License-Identifier: MIT */
/* Makes hypercalls that are mostly valid: each operation with a structure in guest memory whose
 * words name what there is (domains, frames, ports, grants, addresses), now and then another word.
 * All choices come from the fuzzer's input. */
#ifndef FUZZ_FORMS_H
#define FUZZ_FORMS_H

#include "hypervisor/xen.h"
#include "lib/addr.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/shim.h"

struct form {
    u64 number; /* of the hypercall */
    u64 argument[6];
};

extern struct input input;

/* Makes a hypercall of any kind for the current vCPU. */
void form_make(struct form *form);

/* The families: forms_mmu.c, forms_memory.c, forms_grant.c, forms_event.c, forms_domctl.c,
 * forms_machine.c, forms_watch.c. */
void form_mmu(struct form *form);
void form_memory(struct form *form);
void form_grant(struct form *form);
void form_event(struct form *form);
void form_domctl(struct form *form);
void form_machine(struct form *form);
void form_vcpu(struct form *form);
void form_watch(struct form *form);

/* Writes a state of a vCPU of `domain`, mostly one that it can have. */
void form_context(struct vcpu_guest_context *context, struct domain *domain);

/* Writes an entry into the grant table of the current domain, as its guest would. */
void form_grant_entry(void);

/* Copies a structure to guest memory and returns its address there; the memory is used anew after
 * form_begin. */
void form_begin(void);
u64 form_put(const void *bytes, u32 size);
#define FORM_PUT(object) form_put(&(object), sizeof(object))

/* ---- words ---- */

u64 word_any(void);        /* of any kind */
u64 word_or_any(u64 word); /* most of the time that word */
#define WORD_OF(type, word) ((type)word_or_any(word))
bool word_once_in(u32 times);
u16 word_domain(void);                       /* the id of a domain, or a word in its place */
struct domain *word_target(void);            /* a domain that there is */
u64 word_frame(const struct domain *domain); /* mostly a frame of that domain */
u64 word_entry(const struct domain *domain); /* a page-table entry that maps such a frame */
u64 word_page_address(void); /* an address of the first addresses, which tables map */
u64 word_pointer(void);      /* an address in guest memory, or a bad one */
u64 word_pte_address(const struct domain *domain); /* the machine address of an entry */
u32 word_port(void);

#endif

/* SPDX-License-Identifier: MIT */
/* The hypercall page: one 32-byte stub a call, for kernels that ask for it by an ELF note. */
#ifndef DOMAIN_HYPERCALL_PAGE_H
#define DOMAIN_HYPERCALL_PAGE_H

/* Fills a page of 128 stubs (xen.h: hypercall_page). */
void hypercall_page_fill(void *page);

#endif

/* SPDX-License-Identifier: MIT */
/* The hypercall page: one stub of 32 bytes for each hypercall, for kernels that ask for the page by
 * an ELF note or an MSR. */
#ifndef DOMAIN_HYPERCALL_PAGE_H
#define DOMAIN_HYPERCALL_PAGE_H

/* Fills a page with 128 stubs (ABI: xen.h, hypercall_page). */
void hypercall_page_fill(void *page);

#endif

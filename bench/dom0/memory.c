/* SPDX-License-Identifier: MIT */
/* Prints how many frames are free or in the possession of a domain. What a hypervisor uses for a
 * domain, beside the domain's own frames, is by how much this falls when the domain is made. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <xenctrl.h>

#define DOMAINS 64

int main(void)
{
    xc_dominfo_t domain[DOMAINS];
    xc_physinfo_t machine;
    xc_interface *const xen = xc_interface_open(NULL, NULL, 0);

    if (!xen || xc_physinfo(xen, &machine)) {
        perror("memory: the hypervisor does not say");
        return 1;
    }
    const int count = xc_domain_getinfo(xen, 0, DOMAINS, domain);
    if (count < 0) {
        perror("memory: no list of domains");
        return 1;
    }
    uint64_t frames = machine.free_pages;
    for (int i = 0; i < count; i++) {
        frames += domain[i].nr_pages;
    }
    printf("%" PRIu64 "\n", frames);
    xc_interface_close(xen);
    return 0;
}

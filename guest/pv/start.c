/* SPDX-License-Identifier: MIT */
/* The start-up of a domain in C, up to kernel_main, and its end. */
#include "guest/console.h"
#include "guest/kernel.h"
#include "guest/page.h"
#include "guest/pv/startup.h"

struct start_info *start_info;
struct shared_info *shared_info;
const char backend_name[] = "pv";

extern char guest_virt_base[];

/* The address at which shared_info is mapped. */
static u8 shared_info_window[PAGE_SIZE] __attribute__((aligned(4096)));

void kernel_stop(void)
{
    struct sched_shutdown request = {.reason = SHUTDOWN_poweroff};

    console_flush();
    for (;;) {
        sched_op(SCHEDOP_shutdown, &request);
    }
}

/* Starts the p2m from the list of frames that the domain builder made, and finds the M2P. */
static void start_translation(void)
{
    struct xen_machphys_mapping map = {.v_start = MACH2PHYS_VIRT_START,
                                       .max_mfn = MACH2PHYS_NR_ENTRIES - 1};

    memory_op(XENMEM_machphys_mapping, &map);
    translate_start((const u64 *)(uintptr_t)start_info->mfn_list, start_info->nr_pages,
                    (const u64 *)(uintptr_t)map.v_start, map.max_mfn + 1);
}

void pv_start(struct start_info *info, u64 stack_end)
{
    start_info = info;
    shared_info = (struct shared_info *)shared_info_window;
    page_direct_base = address(guest_virt_base);
    pfn_t first = address_pfn((void *)(uintptr_t)stack_end);
    /* The ABI promises that at least 512 KiB are mapped behind what the domain builder used. */
    page_early(first, pfn(first.n + 64));
    start_translation();
    if (!is_initial_domain() && info->console.domU.mfn) {
        console_start(pfn_address(mfn_to_pfn(mfn(info->console.domU.mfn))));
    }
    if (update_va_mapping(address(shared_info), info->shared_info | DIRECT_FLAGS, UVMF_INVLPG)) {
        panic("Start-up: shared_info cannot be mapped");
    }
    console_mask();
    cpu_start();
    trap_start();
    direct_start(page_early_next());
    print("Test result: %s\n", kernel_main() ? "SUCCESS" : "FAILURE");
    kernel_stop();
}

/* SPDX-License-Identifier: MIT */
/* A dom0 that ends as its command line says: `off` by platform_op as Linux does it, `poweroff`,
 * `reboot` or `crash` by sched_op; `fail` by the debug key that makes the hypervisor fail. For
 * tests/system/test_dom0_end.sh and test_failures.sh. */
#define __XEN_TOOLS__
#include "tests/guests/common/guest.h"

#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

#define SLEEP_ENABLE 0x2000u

static bool has_word(const char *word)
{
    for (const char *at = (const char *)start_info->cmd_line; *at; at++) {
        if (starts_with(at, word)) {
            return true;
        }
    }
    return false;
}

/* Switches off as ACPI says, with the sleep type of QEMU's machines, which is 0. */
static void switch_off(void)
{
    struct xen_platform_op op = {.cmd = XENPF_enter_acpi_sleep,
                                 .interface_version = XENPF_INTERFACE_VERSION};

    op.u.enter_acpi_sleep.val_a = SLEEP_ENABLE;
    op.u.enter_acpi_sleep.sleep_state = 3;
    check_equal(hypercall(__HYPERVISOR_platform_op, address(&op), 0, 0), -XEN_EOPNOTSUPP,
                "suspend to memory");
    op.u.enter_acpi_sleep.sleep_state = 5;
    (void)hypercall(__HYPERVISOR_platform_op, address(&op), 0, 0);
    error("the machine is still on");
}

static void press_c(void)
{
    static char key = 'C';
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_debug_keys,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION};

    op.u.debug_keys.nr_keys = 1;
    set_xen_guest_handle(op.u.debug_keys.keys, &key);
    (void)hypercall(__HYPERVISOR_sysctl, address(&op), 0, 0);
    error("the hypervisor goes on");
}

void test_main(void)
{
    print("dom0 starts\n");
    if (has_word("off:")) {
        switch_off();
    }
    if (has_word("fail:")) {
        press_c();
    }
    if (has_word("reboot:")) {
        shut_down(SHUTDOWN_reboot);
    }
    if (has_word("crash:")) {
        shut_down(SHUTDOWN_crash);
    }
    shut_down(SHUTDOWN_poweroff);
}

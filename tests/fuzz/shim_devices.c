/* SPDX-License-Identifier: MIT */
/* The devices of the machine: those of the unit tests of irq/ (two IO-APICs and a few PCI
 * functions), as after a reset for each input. */
#include "hypervisor/pirq/forbid.h"
#include "tests/fuzz/shim.h"
#include "tests/unit/irq/devices.h"

void forbid_for_ever(void)
{
}

void shim_devices_start(void)
{
    static struct pin_form form[GSIS_MAX];
    static bool kept;

    devices_start();
    for (u32 gsi = 0; gsi < ioapic_gsis(); gsi++) {
        if (!kept && ioapic_has_pin(gsi)) {
            form[gsi] = ioapic_form(gsi);
        } else if (ioapic_has_pin(gsi)) {
            ioapic_set_form(gsi, form[gsi]);
        }
    }
    kept = true;
}

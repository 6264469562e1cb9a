/* SPDX-License-Identifier: MIT */
/* panic: ends the machine after a fault of the hypervisor (log/log.h). */
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/halt.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/log/log.h"
#include "lib/handoff.h"

_Noreturn void panic(const char *format, ...)
{
    va_list arguments;

    interrupts_off();
    halt_others();
    va_start(arguments, format);
    log_last_words(format, arguments);
    va_end(arguments);
    machine_fail(HANDOFF_FAILED);
}

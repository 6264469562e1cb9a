# SPDX-License-Identifier: MIT
# Proves that the distribution's own kernel, unmodified, boots on Pinion to its first process, sees a
# Xen PV machine with the memory it was given, powers off, and leaks no frame.
. "$(dirname "$0")/common.sh"

pinion --memory 256 --ramdisk "$ramdisk" --cmdline "console=hvc0 pinion.name=one pinion.do=hello" \
    "$kernel"
expect_status 0 "the guest powered off"
expect out 'Linux version 6\.' "the kernel's first line"
expect out 'Hypervisor detected: Xen PV' "what the kernel found"
expect out 'xen:events: Using FIFO-based ABI' "how events come"
expect out 'hello: one kernel 6\..* hypervisor xen' "the first process, and /sys/hypervisor/type"
expect out 'hello: one memory (1[5-9]|2[0-9])[0-9]{4} KiB' "its memory"
expect_no out '(BUG|WARNING|Oops|Kernel panic)' "a complaint of the kernel"
expect log '[1-9][0-9]+ entries checked, [1-9][0-9]+ updates, [1-9][0-9]+ emulated writes' "its work, at its end"
expect log '[1-9][0-9]+ root switches' "its switches of address spaces"
expect log 'audit: 0 findings' "the audit after the guest's end"
[ ! -s "$work/err" ] || wrong "something on standard error"
finish

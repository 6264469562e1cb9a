# SPDX-License-Identifier: MIT
# Proves that a process of a stock Linux, of 64 and of 32 bits, can use the I/O ports that it has by ioperm or
# iopl and gets SIGSEGV at all others; that these ports follow it from one vCPU to another; and that the guest's
# kernel neither complains nor crashes.
. "$(dirname "$0")/common.sh"

pinion --vcpus 2 --machine-cpus 2 --memory 192 --ramdisk "$B/ports.cpio" \
    --cmdline "console=hvc0 $no_self_tests panic=1" "$kernel"
expect_status 0 "the guest powered off"
expect out '^ports: 64-bit all right' "a 64-bit program"
expect out '^ports: 32-bit all right' "a 32-bit program"
expect_no out 'BUG|WARNING|Oops|get_desc' "the kernel's complaints"
expect log 'audit: 0 findings' "nothing leaked"
finish

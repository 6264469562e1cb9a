# SPDX-License-Identifier: MIT
# Proves that a program's flags, steps and breakpoints survive each way into the kernel and back, for 64 and 32
# bits, as on the bare machine: on a processor of Intel, which has SYSENTER and no SYSCALL in 32-bit code, and on
# one of AMD, where it is the other way round.
# Needs: all guests images
. "$(dirname "$0")/common.sh"

# on CPU ARG...: runs the command on that processor.
on() {
    local cpu=$1
    shift
    pinion --mitigations off --emulator-arg -cpu --emulator-arg "$cpu" "$@"
}

for cpu in Skylake-Client EPYC; do
    on $cpu --ramdisk "$B/entries.cpio" --cmdline "console=hvc0 $no_self_tests quiet loglevel=1 panic=1" "$kernel"
    expect_status 0 "$cpu: the guest powered off"
    expect out 'entries: (Intel|AMD), 280 cases, 0 wrong' "$cpu: entries"
    expect out 'breakpoints: 24 cases, 0 wrong' "$cpu: breakpoints"
    expect log 'audit: 0 findings' "$cpu: the audit after the guest's end"
done
on Skylake-Client "$B/guests/test_sysenter.elf"
expect_status 0 "SYSENTER on a processor of Intel"
expect out 'Test result: SUCCESS' "SYSENTER on a processor of Intel"
finish

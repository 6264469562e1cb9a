# SPDX-License-Identifier: MIT
# Proves that a vCPU which crashes ends its domain with a report of each of the domain's vCPUs, beginning with
# the one that crashed, on whichever CPUs the others ran; and that no frame is lost.
# Needs: all guests
. "$(dirname "$0")/common.sh"

pinion --machine-cpus 4 --vcpus 4 --memory 64 --name four "$B/guests/test_smp_crash.elf"
expect_status 1 "the guest crashed"
[ "$(grep -c 'four: crash: ' "$work/log")" = 1 ] || wrong "it did not crash once"
first=$(sed -nE 's/.*  vCPU ([0-9]+) in .*/\1/p' "$work/log" | head -n 1)
[ "$first" = 0 ] || wrong "the report begins with vCPU '$first', and not with the one that died"
for vcpu in 0 1 2 3; do
    [ "$(grep -Ec "  vCPU $vcpu in (kernel|user) mode" "$work/log")" = 1 ] ||
        wrong "vCPU $vcpu is not reported once"
done
[ "$(grep -c '  rip ' "$work/log")" = 4 ] || wrong "there are not the registers of four"
[ "$(grep -c 'walk of rip .* from root' "$work/log")" = 4 ] || wrong "there are not the walks of four"
expect log 'last refusal: |no request of it was ever refused' "the last refusal"
expect log 'audit: 0 findings' "the audit"

# The report that docs/debugging.md explains line by line.
pinion --memory 64 --name one "$B/guests/test_crash_refused.elf"
expect_status 1 "the guest crashed"
expect log 'last refusal: WRITABLE_TABLE, .* 0x[0-9a-f]+067$' "the refusal that the guest ignored"
expect log 'vCPU 0 in kernel mode, last entry 14, error code 0x6$' "the page fault"
sed -n '/walk of cr2/,/last refusal/p' "$work/log" >"$work/walk"
[ "$(grep -c 'L[1-4] at 0x' "$work/walk")" = 4 ] || wrong "the walk of cr2 has not four levels"
expect walk 'L1 at 0x[0-9a-f]+: 0, not present$' "the entry that was never written"
expect log '  rbx [0-9a-f]+' "the registers"

# The log is mapped in the roots of all guests, so that it has no registers with contents of an isolated one's memory.
pinion --memory 64 --isolation always "$B/guests/test_crash_refused.elf"
expect_status 1 "the guest crashed"
expect log '  rip [0-9a-f]+' "where it crashed"
expect_no log '  r(ax|bx|cx|dx|si|di|bp|[89]|1[0-5]) ' "registers of an isolated guest"
finish

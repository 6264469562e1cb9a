# SPDX-License-Identifier: MIT
# Proves that an unchanged Debian is dom0 on Pinion and that its own tools do their work: one boot, in which the
# checks of tests/system/dom0/checks run, each with a line of its own. Both file systems must be clean afterwards.
# Takes: minutes
# Needs: all dom0-image dom0-test
. "$(dirname "$0")/common.sh"

checks=(services machine info info_numa list uptime vcpu_list cpupool_list sched_credit2 dmesg debug_keys
    xentop bad_commands create serve console pause vcpus vcpu_pin sched memory block_attach network_attach
    rename sysrq xentop_guest watch_refused watch_trace watch_counters watch_map watch_ends save_restore
    migrate integrity eight_vcpus several destroy_under_load destroy reboot shutdown small_kernels many_lives
    destroy_in_creation pv_grub pygrub virsh)
status=0
tests/system/dom0/run --log "$work/serial" "${checks[@]}" >"$work/out" 2>&1 || status=$?
cat "$work/out"
expect_status 0 "every check passed"
expect_no out 'CHECK .*: FAILED' "a check that failed"
finish

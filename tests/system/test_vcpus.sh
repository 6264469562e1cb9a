# SPDX-License-Identifier: MIT
# Proves that a stock Linux brings up as many vCPUs as it is given, can take one out and put it back, runs
# processes on a chosen one, and that all of them leave nothing behind; with events in FIFO queues, as it
# chooses by itself, and with two levels, as it can be told to.
. "$(dirname "$0")/common.sh"

check_vcpus() { # COUNT ABI [OPTION]
    local count=$1
    pinion --vcpus "$count" --memory 192 --ramdisk "$ramdisk" \
        --cmdline "console=hvc0 panic=1 ${3:-} pinion.do=cpus" "$kernel"
    expect_status 0 "the guest with $count vCPUs powered off"
    expect out "xen:events: Using $2 ABI" "how events come"
    expect out "smp: Brought up 1 node, $count CPUs" "$count vCPUs are up"
    expect out "^cpus: $count at first" "processes see $count"
    expect out "^cpus: $((count - 1)) without the last" "one was taken out"
    expect out "^cpus: $count again" "and put back"
    expect out "^cpus: 20 processes ran on the second" "taskset"
    expect log ' 0 refusals' "no request was refused"
    expect log 'audit: 0 findings' "nothing leaked"
}

check_vcpus 2 2-level xen.fifo_events=0
check_vcpus 2 FIFO-based
check_vcpus 4 FIFO-based
finish

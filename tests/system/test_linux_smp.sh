# SPDX-License-Identifier: MIT
# Proves that a stock Linux brings up all its vCPUs, on fewer, equally many and more CPUs; takes all but one
# offline and online again; runs processes on each; and loses no frame. It uses FIFO event channels, its
# default, or two-level ones, by an option on its command line.
# LINUX_SMP=all: every combination of the counts with both kinds of events, not only some.
# Takes: minutes
. "$(dirname "$0")/common.sh"

runs='2:2:2-level 1:2:FIFO-based 4:2:FIFO-based 8:4:FIFO-based' # vCPUs:CPUs:events
if [ "${LINUX_SMP:-}" = all ]; then
    runs=$(for vcpus in 1 2 4 8; do for cpus in 1 2 4; do
        echo $vcpus:$cpus:2-level $vcpus:$cpus:FIFO-based
    done; done)
fi
for run in $runs; do
    IFS=: read -r count cpus events <<<"$run"
    option=
    [ "$events" = FIFO-based ] || option=xen.fifo_events=0
    pinion --vcpus "$count" --machine-cpus "$cpus" --memory 192 --ramdisk "$ramdisk" \
        --cmdline "console=hvc0 $no_self_tests panic=1 $no_watchdogs $option pinion.do=cpus" "$kernel"
    before=$failures
    expect_status 0 "the guest with $count vCPUs powered off"
    expect out "xen:events: Using $events ABI" "how events come"
    expect out "^cpus: $count at first" "$count vCPUs are up"
    expect out "^cpus: 1 without the others" "all but one were taken out"
    expect out "^cpus: $count again" "and put back"
    for ((i = 0; i < count; i++)); do
        expect out "^cpus: on $i: $i, and 10 processes" "taskset, vCPU $i"
    done
    expect_no out 'BUG|WARNING|Oops' "the kernel's complaints"
    expect log ' 0 refusals' "no request was refused"
    expect log 'audit: 0 findings' "nothing leaked"
    expect_no log 'audit: [1-9]' "findings of an audit"
    [ $failures = $before ] || wrong "that was with $count vCPUs on $cpus CPUs"
    [ $failures = $before ] || break
done
finish

# SPDX-License-Identifier: MIT
# Proves that the demonstration of `make run` without a terminal works: a thousand forks and execs, memory
# filled and checked, Pinion's own counters.
. "$(dirname "$0")/common.sh"

pinion --memory 256 --ramdisk "$ramdisk" --cmdline "console=hvc0 pinion.do=demo" "$kernel"
expect_status 0 "the guest powered off"
expect out '^hypervisor type +xen' "the hypervisor's type"
expect out '^fork and exec +1000 times' "the forks"
expect out '^memory +[1-9][0-9]* MiB filled and checked in .* 0 words wrong' "the memory"
expect out '^ +entries checked +[1-9][0-9]+ +[1-9][0-9]+' "the counter of checked entries"
expect out '^ +pins +[1-9][0-9]+ +[1-9][0-9]+' "the counter of pins"
expect out '^ +requests refused +[0-9]+ +[0-9]+' "the counter of refusals"
expect out '^demonstration +complete' "its end"
finish

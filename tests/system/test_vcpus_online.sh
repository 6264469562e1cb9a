# SPDX-License-Identifier: MIT
# Proves that of `maxvcpus` vCPUs `vcpus` start online: a stock Linux uses as many, in a machine with as many CPUs,
# and a kernel of another kind finds the others down and can bring them up.
# Needs: all images guests
. "$(dirname "$0")/common.sh"

cat >"$work/linux" <<END
name = "a~b c"
kernel = '$kernel'
ramdisk = '$ramdisk'
memory = 192
vcpus = 2
maxvcpus = 4
extra = "console=hvc0 $no_self_tests quiet panic=1"
extra += " pinion.do=cpus"
END
pinion "$work/linux"
expect_status 0 "a Linux with 2 of 4 vCPUs online"
expect out '^cpus: 2 at first' "two are online"
expect out '^cpus: on 1: 1, and 10 processes' "both can be used"
expect log '\] 2 CPU\(s\)' "the machine has two CPUs"
expect log '^\[.*a~b c: ' "the name in the log"

sed -i 's/^maxvcpus.*//' "$work/linux"
pinion "$work/linux"
expect out '^cpus: 2 at first' "without maxvcpus two exist"

cat >"$work/other" <<END
name = "other"
kernel = "$B/guests/test_vcpus.elf"
memory = 64
maxvcpus = 2
END
pinion "$work/other"
expect_status 0 "a kernel that brings up its second vCPU itself"
expect out 'Test result: SUCCESS' "the second vCPU is down and comes up"
finish

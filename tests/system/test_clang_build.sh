# SPDX-License-Identifier: MIT
# Proves that the hypervisor, compiled by clang, boots the stock kernel.
# Needs: all images clang
. "$(dirname "$0")/common.sh"

PINION_HYPERVISOR=$PWD/$B/clang/pinion.bin
export PINION_HYPERVISOR
pinion --memory 192 --ramdisk "$ramdisk" --cmdline "console=hvc0 $no_self_tests quiet pinion.do=hello" "$kernel"
expect_status 0 "the guest powered off"
expect out 'hello: .* hypervisor xen' "the first process"
expect log 'audit: 0 findings' "the audit"
finish

# SPDX-License-Identifier: MIT
# Proves that a panic of the only guest, which has no init, ends the run with status 1, a report of its
# registers, and an audit without findings.
. "$(dirname "$0")/common.sh"

pinion --memory 192 --ramdisk "$ramdisk" --name alone \
    --cmdline "console=hvc0 $no_self_tests quiet panic=1 rdinit=/nothing init=/nothing" "$kernel"
expect_status 1 "the guest crashed"
expect out 'Kernel panic' "the panic on the console"
expect log 'alone.*crash' "the report"
expect log 'r[is]p|RIP' "registers in the report"
expect log 'audit: 0 findings' "the audit"
finish

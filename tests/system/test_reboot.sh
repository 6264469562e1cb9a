# SPDX-License-Identifier: MIT
# Proves that a guest which reboots has ended without a failure: exit status 0.
. "$(dirname "$0")/common.sh"

pinion --memory 192 --ramdisk "$ramdisk" --cmdline "console=hvc0 pinion.do=reboot" "$kernel"
expect_status 0 "the guest rebooted"
expect log 'reboot' "the log says so"
finish

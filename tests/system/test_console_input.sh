# SPDX-License-Identifier: MIT
# Proves that standard input goes to the console of a single guest: a line that was written before the guest
# started reaches the guest's program that reads it.
. "$(dirname "$0")/common.sh"

status=0
echo "the quick brown fox" | "$B/pinion" run --timeout "$patience" --log "$work/log" --memory 192 \
    --ramdisk "$ramdisk" --cmdline "console=hvc0 $no_self_tests quiet pinion.do=echo" "$kernel" \
    >"$work/out" 2>"$work/err" || status=$?
expect_status 0 "the guest powered off"
expect out 'echo: got the quick brown fox' "the line"
finish

# SPDX-License-Identifier: MIT
# Proves that an unchanged Debian is dom0 on Pinion and that its own tools do their work: one boot, in which the
# checks of tests/system/dom0/checks run, each with a line of its own. Both file systems must be clean afterwards.
# Needs: all dom0-image dom0-test
. "$(dirname "$0")/common.sh"

status=0
tests/system/dom0/run --log "$work/serial" >"$work/out" 2>&1 || status=$?
cat "$work/out"
expect_status 0 "every check passed"
expect_no out 'CHECK .*: FAILED' "a check that failed"
finish

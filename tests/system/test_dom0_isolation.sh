# SPDX-License-Identifier: MIT
# Proves that an unchanged Debian is dom0 where guests are isolated, too: a guest that uses its disk and its network is
# created, one is saved and restored, one is destroyed, and whenever a domain ends no root maps what it must not.
# Takes: minutes
# Needs: all dom0-image dom0-test
. "$(dirname "$0")/common.sh"

status=0
tests/system/dom0/run --log "$work/serial" --options 'isolation=always audit' create save_restore destroy \
    >"$work/out" 2>&1 || status=$?
cat "$work/out"
expect_status 0 "every check passed"
expect_no out 'CHECK .*: FAILED' "a check that failed"
expect serial 'isolation: the root of a guest maps no memory of another one' "guests are isolated"
expect serial 'audit: isolation: [1-9].* 0 findings' "the recount of the roots"
expect_no serial 'audit: isolation: .* [1-9][0-9]* findings' "a page that a root must not map"
finish

# SPDX-License-Identifier: MIT
# Proves that a stock Linux balloons both ways: it gives 64 MiB of its memory to the hypervisor, goes on in
# the rest, gets 64 MiB back, and can use all of it; and that no frame is lost and no request refused.
. "$(dirname "$0")/common.sh"

pinion "$(guest lung balloon)"
expect_status 0 "the guest powered off"
expect out '^balloon: asked for -65536 KiB more, has -65536 KiB more' "memory given back"
expect out '^balloon: asked for 0 KiB more, has 0 KiB more' "memory taken again"
[ "$(grep -c '^balloon: 20 processes ran' "$work/out")" = 2 ] || wrong "processes did not run after each"
expect out 'search: 1[0-9][0-9] MiB searched, no secret here' "all of its memory can be used"
expect log ' 0 refusals' "no request was refused"
expect log 'audit: 0 findings' "nothing leaked"
finish

# SPDX-License-Identifier: MIT
# Proves that two stock kernels run at the same time on one CPU, each preempted for the other: both print and
# finish, their lines are whole and have their names, and the lines alternate.
. "$(dirname "$0")/common.sh"

pinion "$(guest left work)" "$(guest right work)"
expect_status 0 "both guests powered off"
for name in left right; do
    expect out "^$name: work: $name step 1" "the first step of $name"
    expect out "^$name: work: $name step 8" "the last step of $name"
    expect out "^$name: work: $name finished" "the end of $name"
done
expect_no out '^left: .*work: right|^right: .*work: left' "a line of the other guest"
expect_no out '^(left|right): .*(BUG|Oops|Kernel panic)' "a complaint of a kernel"
grep -Evq '^(left|right): ' "$work/out" && wrong "a line without a guest's name"
# If one guest ran after the other, the name would change once.
changes=$(grep -o 'work: [a-z]* step' "$work/out" | uniq | wc -l)
[ "$changes" -ge 4 ] || wrong "the guests did not alternate: $changes changes"
expect log 'audit: 0 findings' "the audit at the end"
finish

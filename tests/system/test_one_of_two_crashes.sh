# SPDX-License-Identifier: MIT
# Proves that a guest's panic is that guest's alone: it is reported with its reason, its memory comes
# back clean, the other guest finishes its work, and the exit status says that one crashed.
. "$(dirname "$0")/common.sh"

pinion "$(guest victim crash)" "$(guest survivor work)"
expect_status 1 "a guest crashed"
expect out '^victim: .*Kernel panic' "the panic on the victim's console"
expect out '^survivor: work: survivor finished' "the survivor's work"
expect log 'victim.*crash' "the report of the crash"
expect log 'audit: 0 findings' "the audit after it"
expect_no log 'audit: [1-9]' "findings of an audit"
finish

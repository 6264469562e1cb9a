# SPDX-License-Identifier: MIT
# Proves that a guest's panic affects no other guest: the log reports the panic with its reason, the guest's
# frames are freed, the other guest finishes its work, and the exit status is 1.
. "$(dirname "$0")/common.sh"

pinion "$(guest victim crash)" "$(guest survivor work)"
expect_status 1 "a guest crashed"
expect out '^victim: .*Kernel panic' "the panic on the victim's console"
expect out '^survivor: work: survivor finished' "the survivor's work"
expect log 'victim.*crash' "the report of the crash"
expect log 'audit: 0 findings' "the audit after it"
expect_no log 'audit: [1-9]' "findings of an audit"
finish

# SPDX-License-Identifier: MIT
# Proves that the log's limit for each guest stays the guest's own after a restart: while a guest that was started
# again fills the log until its lines are dropped, the lines of another one that was started again appear.
# Needs: all guests
. "$(dirname "$0")/common.sh"

guest_of() { # NAME WORD
    printf '%s\n' "name = '$1'" "kernel = '$B/guests/unknown_calls.elf'" "memory = 32" \
        'on_reboot = "restart"' 'restarts = 1' "extra = '$2'" >"$work/$1.cfg"
    echo "$work/$1.cfg"
}
pinion --machine-cpus 2 "$(guest_of loud loud)" "$(guest_of quiet quiet)"
expect_status 0 "both rebooted at last"
loud=$(sed -n 's/.*loud: domain \([0-9]*\),.*/\1/p' "$work/log" | tail -n 1)
quiet=$(sed -n 's/.*quiet: domain \([0-9]*\),.*/\1/p' "$work/log" | tail -n 1)
[ "${loud:-0}" -gt 2 ] && [ "${quiet:-0}" -gt 2 ] || wrong "no second life: domains '$loud', '$quiet'"
[ "$(grep -c "d$loud: unknown hypercall 1000" "$work/log")" -lt 40 ] || wrong "the loud guest is not limited"
expect log "d$quiet: unknown hypercall 2000" "a line of the quiet guest"
[ "$(grep -c "d$quiet: unknown hypercall 20[01][0-9]" "$work/log")" = 11 ] || wrong "not all lines of the quiet guest"
expect_no log "domain $quiet: .* skipped" "skipped lines of the quiet guest"
finish

# SPDX-License-Identifier: MIT
# Proves that a guest which gives up for any reason, named by the ABI or not, ends at once and as a crash: the log
# says the reason, and the console shows all that the guest has printed, its unfinished last line included, alone
# and beside another guest.
# Needs: all guests images
. "$(dirname "$0")/common.sh"

for reason in 3 4 5 6 4294967294; do
    pinion --memory 32 --cmdline "reason=$reason" "$B/guests/gives_up.elf"
    expect_status 1 "reason $reason"
    case $reason in
    3) expect log 'guest: crash: .*SCHEDOP_shutdown crash' "its name" ;;
    4) expect log 'guest: crash: .*SCHEDOP_shutdown watchdog' "its name" ;;
    5) expect log 'guest: crash: .*soft reset' "its name" ;;
    *) expect log "guest: crash: .*SCHEDOP_shutdown with the unknown reason $reason" "the number" ;;
    esac
    expect log 'vCPU 0 in kernel mode' "the report of the crash"
    expect out 'gives up: a whole line' "a line, reason $reason"
    expect out 'gives up: and its last words' "the unfinished line, reason $reason"
done

printf '%s\n' "name = 'quitter'" "kernel = '$B/guests/gives_up.elf'" "memory = 32" "extra = 'reason=77'" \
    >"$work/quitter.cfg"
pinion "$work/quitter.cfg" "$(guest beside work)"
expect_status 1 "one of two gives up"
expect out '^quitter: gives up: and its last words' "the unfinished line beside another guest"
expect out '^beside: work: beside finished' "the guest beside it"
finish

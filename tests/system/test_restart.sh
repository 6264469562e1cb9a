# SPDX-License-Identifier: MIT
# Proves that a guest is restarted as its .cfg says: as often as allowed and only after the kinds of end named
# there, while other guests go on; that its last end decides the exit status; and that no frame is lost.
# Needs: all images guests
. "$(dirname "$0")/common.sh"

# small NAME KERNEL SETTING...: writes NAME.cfg for one of the test guests; prints its path.
small() {
    local name=$1 file=$B/guests/$2.elf
    shift 2
    printf '%s\n' "name = '$name'" "kernel = '$file'" "memory = 32" "$@" >"$work/$name.cfg"
    echo "$work/$name.cfg"
}
count() {
    grep -Ec -- "$2" "$work/$1"
}

pinion --machine-cpus 2 "$(small again test_hello 'on_poweroff = "restart"' 'restarts = 5')" \
    "$(small once test_hello 'on_crash = "restart"' 'restarts = 3')" \
    "$(small falls test_crash_shutdown 'on_crash = "restart"' 'restarts = 3')" "$(guest beside work)"
expect_status 1 "the last end of one was a crash"
[ "$(count out '^again: Test result: SUCCESS')" = 6 ] || wrong "'again' did not run six times"
[ "$(count out '^once: Test result: SUCCESS')" = 1 ] || wrong "'once' did not run once"
[ "$(count log 'falls: crash: ')" = 4 ] || wrong "'falls' did not crash four times"
[ "$(count log 'again: started again')" = 5 ] || wrong "'again' was not started again five times"
expect out '^beside: work: beside finished' "the guest beside them"
expect_no log 'audit: [1-9]' "a finding of an audit"

# After 41 runs of a guest as many frames are free as after two.
pinion "$(small many test_hello 'on_poweroff = "restart"' 'restarts = 40')"
expect_status 0 "it powered off at last"
many=$(sed -n 's/.*audit: 0 findings, \([0-9]*\) frames free/\1/p' "$work/log" | tail -n 1)
pinion "$(small one test_hello 'on_poweroff = "restart"' 'restarts = 1')"
one=$(sed -n 's/.*audit: 0 findings, \([0-9]*\) frames free/\1/p' "$work/log" | tail -n 1)
[ -n "$one" ] && [ "$one" = "$many" ] || wrong "'$many' frames are free after 41 lives, '$one' after 2"

pinion "$(small bad test_hello 'restarts = 1')"
expect_status 2 "restarts, and no end after which"
expect err 'bad.cfg:4: expected on_poweroff, on_reboot or on_crash' "what is missing"
finish

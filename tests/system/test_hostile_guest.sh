# SPDX-License-Identifier: MIT
# Proves that hostile guests (tests/guests/hostile.c) on the same CPU as a Linux harm nobody else: the
# hypervisor goes on, the Linux finishes its work with the right result, and the audits after the end of each
# guest and at the end of the run find nothing. Runs several batches of guests, each guest with a seed of its
# own, for about a minute.
# Takes: minutes
# Needs: all images guests
. "$(dirname "$0")/common.sh"

rounds=200000
first_seed=${HOSTILE_SEED:-1}
batches=${HOSTILE_BATCHES:-3} # each of four hostile guests and a Linux

hostile() { # SEED: writes the guest's .cfg; prints its path
    cat >"$work/h$1.cfg" <<END
name = "h$1"
kernel = '$B/guests/hostile.elf'
memory = 32
extra = "seed=$1 rounds=$rounds"
END
    echo "$work/h$1.cfg"
}

for ((batch = 0; batch < batches; batch++)); do
    seed=$((first_seed + 4 * batch))
    pinion "$(guest linux demo 192)" "$(hostile $seed)" "$(hostile $((seed + 1)))" \
        "$(hostile $((seed + 2)))" "$(hostile $((seed + 3)))"
    before=$failures
    # Hostile guests may crash, the hypervisor may not.
    case $status in 0 | 1) ;; *) wrong "exit status $status beside seeds from $seed on" ;; esac
    expect log 'all guests have ended' "the end of every guest"
    expect_no log 'panic' "a panic of the hypervisor"
    expect log 'audit: 0 findings' "the last audit"
    expect_no log 'audit: ([1-9]|frame)' "findings of an audit"
    expect out '^linux: fork and exec +1000 times' "the Linux's work"
    expect out '^linux: memory +[1-9][0-9]* MiB filled and checked in .* 0 words wrong' "its memory"
    expect out '^linux: demonstration +complete' "its end"
    expect log 'linux: powered off' "that it powered off"
    for i in 0 1 2 3; do
        expect out "h$((seed + i)): .*hostile: seed $((seed + i)) begins" "the attack's beginning"
    done
    [ $failures = $before ] || break
    sed -n 's/.*hostile: seed/seed/p' "$work/out" | grep -a made
    grep -aE ': (crash:|powered off)' "$work/log"
done
finish

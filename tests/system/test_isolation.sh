# SPDX-License-Identifier: MIT
# Proves that a guest never gets memory with another guest's contents: one guest fills its memory with a
# secret, and finds it there (the control); the other searches all the memory of its kernel, and does not. Nor
# does a guest that is started again find what it wrote before.
# Needs: all images guests
. "$(dirname "$0")/common.sh"

pinion "$(guest keeper secret)" "$(guest seeker search)"
expect_status 0 "both guests powered off"
expect out '^keeper: secret: [1-9][0-9]* MiB written' "the secret"
expect out '^keeper: search: [1-9][0-9]* MiB searched, the secret is here' "the control"
expect out '^seeker: search: 1[0-9][0-9] MiB searched, no secret here' "the search"

# A guest that checks that all its memory is zero, and then fills it, is started again in the memory that it had:
# where no CPU is idle in between, so that the memory is cleaned when it is handed out, and where one is.
printf '%s\n' "name = 'again'" "kernel = '$B/guests/test_clean_memory.elf'" "memory = 32" \
    'on_poweroff = "restart"' 'restarts = 3' >"$work/again.cfg"
for cpus in 1 2; do
    pinion --machine-cpus $cpus "$work/again.cfg"
    expect_status 0 "the guest that fills its memory, on $cpus CPUs"
    [ "$(grep -c 'Test result: SUCCESS' "$work/out")" = 4 ] || wrong "it found contents, on $cpus CPUs"
    expect log 'audit: 0 findings' "the audit, on $cpus CPUs"
done
finish

# SPDX-License-Identifier: MIT
# Proves with real guests how CPU time is divided: equal weights get equal time within 2 %, for any number of
# vCPUs; time is proportional to weights and limited by caps; a guest that wakes from sleep does not wait for
# one that spins; and wrong settings are refused before a guest starts.
# Needs: all images guests
. "$(dirname "$0")/common.sh"

# With counted instructions the machine's clock does not depend on the host's load.
icount="--emulator-arg -icount --emulator-arg shift=4,sleep=off $no_x2apic"

# shares NAME WORD [SETTINGS]: writes NAME.cfg for the guest that measures its CPU time; prints its path.
shares() {
    cat >"$work/$1.cfg" <<END
name = "$1"
kernel = '$B/guests/cpu_time.elf'
memory = 16
cmdline = "$2"
${3:-}
END
    echo "$work/$1.cfg"
}

# got NAME: the guest's CPU time, in thousandths of the elapsed time.
got() {
    sed -nE "s/^($1: )?ran: ([0-9]+) us of ([0-9]+) us.*/\2 \3/p" "$work/out" |
        awk '{ printf "%d\n", $1 * 1000 / $2 }'
}

# expect_share NAME THOUSANDTHS WHAT [PERCENT]: its CPU time must be within PERCENT (2) of that.
expect_share() {
    local share most=${4:-2}
    share=$(got "$1")
    [ -n "$share" ] && [ $((share * 100)) -ge $(($2 * (100 - most))) ] &&
        [ $((share * 100)) -le $(($2 * (100 + most))) ] ||
        wrong "$1 got ${share:-nothing} thousandths, not $2: $3"
}

run() { # WHAT GUEST...: runs the guests on $cpus CPUs
    local what=$1
    shift
    pinion $icount --machine-cpus "${cpus:-1}" "$@"
    expect_status 0 "$what"
    [ "$(grep -c 'Test result: SUCCESS' "$work/out")" = $# ] || wrong "$what: a guest's own claims"
}

run "equal weights" "$(shares left spin)" "$(shares right spin)"
expect_share left 500 "two that spin"
expect_share right 500 "two that spin"

run "equal weights, many vCPUs" "$(shares one spin)" "$(shares four spin 'vcpus = 4')"
expect_share one 500 "one vCPU against four"
expect_share four 500 "four vCPUs against one"

run "weights 1:2" "$(shares light spin)" "$(shares heavy spin 'cpu_weight = 512')"
expect_share light 333 "weight 256 beside 512"
expect_share heavy 667 "weight 512 beside 256"

run "caps" "$(shares capped spin 'cap = 25; vcpus = 2; cpus = "0-3"')" "$(shares free spin)"
expect_share capped 250 "a cap of 25"
expect_share free 750 "what a cap of 25 leaves"

run "a cap alone" "$(shares capped spin 'cap = 40')"
expect_share capped 400 "a cap of 40, and nobody else"

run "a sleeper" "$(shares sleeper sleep)" "$(shares left spin)" "$(shares right spin 'vcpus = 2')"
expect_share sleeper 143 "it works for a seventh of the time, and a little to begin and end each turn" 5
late=$(sed -nE 's/^sleeper: late: ([0-9]+) us.*/\1/p' "$work/out")
[ "${late:-999999}" -le 1000 ] || wrong "the sleeper woke $late us late"

cpus=2
run "two CPUs, one vCPU against four" "$(shares one spin)" "$(shares four spin 'vcpus = 4')"
expect_share one 1000 "its one vCPU has a CPU to itself"
expect_share four 1000 "its four have the other"

run "two CPUs, three guests" "$(shares a spin 'vcpus = 2')" "$(shares b spin 'vcpus = 2')" \
    "$(shares c spin 'vcpus = 2; cpu_weight = 512')"
expect_share a 500 "a quarter of two CPUs"
expect_share b 500 "a quarter of two CPUs"
expect_share c 1000 "half of two CPUs"

cpus=4
run "four CPUs, three guests of four" "$(shares a spin 'vcpus = 4')" \
    "$(shares b spin 'vcpus = 4')" "$(shares c spin 'vcpus = 4; cap = 50')"
expect_share a 1750 "half of what a cap leaves of four CPUs"
expect_share b 1750 "half of what a cap leaves of four CPUs"
expect_share c 500 "a cap of 50"

# refused SETTINGS SENTENCE: these settings must be refused with this sentence.
refused() {
    pinion --machine-cpus 1 "$(shares bad spin "$1")"
    expect_status 2 "$1"
    expect err "$2" "$1"
}
refused 'cpu_weight = 0' 'bad.cfg:5: cpu_weight is a number from 1 to 65535'
refused 'cap = 101' 'bad.cfg:5: cap is at most 100 with 1 vCPUs, not 101'
refused 'cpus = "1-3,^1"' 'bad: cpus: the machine has none of the CPUs that vCPU 0 may run on; it has 1'
refused 'cpus = "one"' 'bad.cfg:5: a list of CPUs is "all" or numbers'
finish

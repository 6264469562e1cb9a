# SPDX-License-Identifier: MIT
# Proves that the roots on which a guest runs map nothing of another guest, where guests are isolated: one guest fills
# its memory, its registers and its vector registers, on each of its vCPUs, with words; at moments when another one runs
# the emulator dumps the machine's memory, that guest's root and the CPU's registers. The words are in no page that the
# root maps, and in no register: not in the root of its kernel, nor in that of its user mode, which maps less; with one
# CPU, and with several. Without isolation the words are there, so that the test would find them.
# Needs: all guests canary-walk
. "$(dirname "$0")/common.sh"
. tests/system/canary/lib.sh
memory=192 samples=4

for name in hide look; do
    printf 'name = "%s"\nkernel = "%s"\nmemory = 32\nvcpus = 2\nextra = "%s"\n' \
        $name "$B/guests/canary.elf" $name >"$work/$name.cfg"
done
mkfifo "$work/monitor.in" "$work/monitor.out"

# stops: commands for the monitor: the machine is stopped a few times, and each time its memory is dumped.
stops() {
    local i
    monitor_when out 'hide: canary: hidden'
    monitor_when out 'look: canary: here'
    for i in $(seq $samples); do
        printf '%s\n' stop "print $i" 'info registers -a' "pmemsave 0 $((memory << 20)) \"$work/dump.$i\"" cont
        sleep 0.3
    done
    echo quit
}

# sample CPUS WORD: runs both guests with --isolation WORD; $work/roots gets what the roots map of those CPUs that
# run a guest when the machine is stopped, and `(in a register)` behind it if a hidden word is in one of the CPU's.
sample() {
    local cpus=$1 word=$2 i root
    : >"$work/monitor" >"$work/out" >"$work/roots"
    cat "$work/monitor.out" >"$work/monitor" &
    stops >"$work/monitor.in" &
    pinion --isolation "$word" --machine-cpus "$cpus" --machine-memory $memory --emulator-arg -monitor \
        --emulator-arg "pipe:$work/monitor" "$work/hide.cfg" "$work/look.cfg"
    wait
    guests_roots <"$work/monitor" >"$work/stopped"
    while read -r i root found; do
        echo "$("$B/canary-walk" "$work/dump.$i" "$root" 2>&1) ${found:-}" >>"$work/roots"
    done <"$work/stopped"
    rm -f "$work"/dump.*
}
all_words="$kernel, $one with the canary, $one with the canary of the registers, $one with that"

# both_in FILE: a root of the kernel of the guest that looks is among the samples, and one of its user mode.
both_in() {
    grep -qE "$user" "$1" && grep -vE "$user" "$1" | grep -qE "$kernel"
}

# seen CPUS WORD: samples until the guest that looks has been seen, with several boots if need be; if it is isolated
# also until both of its kinds of roots have been seen, with this number of CPUs or another one.
seen() {
    local try
    : >"$work/all"
    for try in 1 2 3 4 5 6 7 8; do
        sample "$@"
        cat "$work/roots" >>"$work/all"
        cat "$work/all" "$work/before" >"$work/every"
        grep -qE "$kernel" "$work/all" && { [ "$2" = never ] || both_in "$work/every"; } && break
    done
    echo "--isolation $2, $1 CPUs, $try boots:"
    cat "$work/all"
    grep -qE "$kernel" "$work/all" || wrong "the guest that looks was never seen, with $1 CPU(s)"
}

: >"$work/before"
for cpus in 3 1; do
    seen $cpus always
    cp "$work/every" "$work/before"
    grep -E "$kernel" "$work/all" | grep -vE "$none" &&
        wrong "a root or a CPU shows another guest's memory or registers, with $cpus CPU(s)"
done
both_in "$work/before" || wrong "the guest that looks was not seen in its kernel and in user mode"
seen 1 never
grep -qE "$all_words" "$work/all" || wrong "the test does not find the words where they are"
finish

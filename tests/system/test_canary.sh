# SPDX-License-Identifier: MIT
# Proves that the root on which a guest runs maps nothing of another guest, where guests are isolated: one guest fills
# its memory and its registers with a word, and at a moment when another one runs the emulator dumps the machine's memory
# and that guest's root. The word is in no page that the root maps, with one CPU and with a CPU for each guest.
# Without isolation it is there, so that the test would find it.
# Needs: all guests canary-walk
. "$(dirname "$0")/common.sh"
memory=256

for name in hide look; do
    printf 'name = "%s"\nkernel = "%s"\nmemory = 32\nextra = "%s"\n' $name "$B/guests/canary.elf" $name >"$work/$name.cfg"
done
mkfifo "$work/monitor.in" "$work/monitor.out"

# sample CPUS WORD: runs both guests with --isolation WORD; $work/roots gets what the roots map of those CPUs that
# run a guest when the machine is stopped.
sample() {
    local cpus=$1 word=$2
    : >"$work/monitor" >"$work/out"
    cat "$work/monitor.out" >"$work/monitor" &
    {
        monitor_when out 'hide: canary: hidden'
        monitor_when out 'look: canary: here' stop 'info registers -a' "pmemsave 0 $((memory << 20)) \"$work/dump\"" quit
    } >"$work/monitor.in" &
    pinion --isolation "$word" --machine-cpus "$cpus" --machine-memory $memory --emulator-arg -monitor \
        --emulator-arg "pipe:$work/monitor" "$work/hide.cfg" "$work/look.cfg"
    wait
    tr -d '\r' <"$work/monitor" | awk '
        /CPL=/ { ring = $0; sub(/.*CPL=/, "", ring); sub(/ .*/, "", ring) }
        /CR3=/ { root = $0; sub(/.*CR3=/, "", root); sub(/ .*/, "", root); if (ring == 3) print root }' >"$work/cr3"
    # shellcheck disable=SC2046  # one word for each root
    "$B/canary-walk" "$work/dump" $(cat "$work/cr3") >"$work/roots" 2>&1
}

# seen CPUS WORD: samples until one of the roots is that of the guest that looks.
seen() {
    local try
    for try in 1 2 3 4 5 6 7 8; do
        sample "$@"
        grep -q ', [1-9][0-9]* with the marker' "$work/roots" && break
    done
    echo "--isolation $2, $1 CPUs, sample $try:"
    cat "$work/roots"
    grep -q ', [1-9][0-9]* with the marker' "$work/roots" || wrong "the guest that looks was never seen"
}

both=', [1-9][0-9]* with the marker, [1-9][0-9]* with the canary'
for cpus in 1 2; do
    seen $cpus always
    grep -qE "$both" "$work/roots" && wrong "a root shows another guest's memory or registers, with $cpus CPU(s)"
done
seen 1 never
grep -qE "$both" "$work/roots" || wrong "the test does not find the word where it is"
finish

# SPDX-License-Identifier: MIT
# Proves that `pinion run --trace` records a Linux that forks: its promotions, demotions, pins, unpins, flushes
# and refusals are in the timeline as often as the hypervisor's own counters say; nothing is lost; every event has
# what the trace-event format prescribes, its tracks have names, slices of a track nest, and no arrow ends where
# none began. With --trace-entries all each emulated store is there, too. Bad input starts nothing.
# Needs: all images
. "$(dirname "$0")/common.sh"
trace=$work/trace.json

# read_timeline: writes $work/events, a line for each event: phase, category and name; and $work/format, what is
# wrong with them.
read_timeline() {
    jq -r '.traceEvents[] | "\(.ph) \(.cat // "-") \(.name)"' "$trace" >"$work/events"
    jq -r '.traceEvents |
        ([.[] | select(.ph == "M" and .name == "thread_name") | "\(.pid) \(.tid)"] | unique) as $named |
        ([.[] | select(.ph == "s") | "\(.cat) \(.id)"] | unique) as $begun |
        ([.[] | select(
            ((.pid | type) == "number" and (.tid | type) == "number" and (.name | type) == "string" and
             (.ph == "M" or ((.ts | type) == "number" and .ts >= 0)) and
             (if .ph == "X" then (.dur | type) == "number" and .dur >= 0 and (.cat | type) == "string"
              elif .ph == "C" then [.args[] | type] == ["number"]
              elif .ph == "s" or .ph == "f" then (.id | type) == "string" and (.cat | type) == "string"
              else .ph == "M" or .ph == "i" end)) | not)] | length | select(. > 0) |
            "\(.) events are not as the format prescribes"),
        (([.[] | select(.ph == "X") | "\(.pid) \(.tid)"] | unique) - $named | select(. != []) |
            "no names of tracks: \(.)"),
        (([.[] | select(.ph == "f") | "\(.cat) \(.id)"] | unique) - $begun | select(. != []) |
            "arrows without a beginning: \(.[:5])")' "$trace" >"$work/format"
    jq -r '.traceEvents[] | select(.ph == "X") | "\(.pid) \(.tid) \(.ts) \(.dur)"' "$trace" |
        sort -k1,1n -k2,2n -k3,3g -k4,4gr | awk '
        # Slices of a track lie in one another or apart; 2 ns are for rounding.
        $1 " " $2 != track { track = $1 " " $2; open = 0 }
        {
            while (open && end[open] <= $3 + 0.002) open--
            if (open && end[open] < $3 + $4 - 0.002) bad++
            end[++open] = $3 + $4
        }
        END { if (bad) print bad " slices overlap" }' >>"$work/format"
}

# count PATTERN: how many events match, from the phase on.
count() {
    grep -cE "^$1" "$work/events"
}

# counter WORD: what the log says at the guest's end.
counter() {
    grep -oE "[0-9]+ $1\b" "$work/log" | head -n 1 | cut -d' ' -f1
}

equal() { # WHAT EXPECTED FOUND
    [ -n "$2" ] && [ "$2" = "$3" ] || wrong "$1: the counters say $2, the timeline has $3"
}

check_counts() {
    local name
    for name in promotion pin unpin; do
        equal "${name}s" "$(counter "${name}s")" "$(count "X $name ")"
    done
    # After the report the domain's end demotes the tables that are left.
    equal "demotions, of as many promotions" "$(count 'X promotion ')" "$(count 'X demotion ')"
    equal flushes "$(sed -n 's/.*root switches, .* flushes asked, \([0-9]*\) sent.*/\1/p' "$work/log")" \
        "$(count 'X flush ')"
    equal refusals "$(counter refusals)" "$(count 'X refusal ')"
    equal "lost records" 0 "$(tail -n 1 "$trace" | sed -n 's/.*"lost":"\([0-9]*\)".*/\1/p')"
}

pinion --trace "$trace" --machine-cpus 2 "$(guest forks work)"
expect_status 0 "the guest powered off"
expect log 'audit: 0 findings' "the audit at the end"
read_timeline
check_counts
[ ! -s "$work/format" ] || wrong "$(cat "$work/format")"
for event in 'X hypercall multicall' 'X hypercall mmuext_op' 'X hypercall mmu_update' 'X run d1v0' 'X event event sent' \
    'f event event' 'X interrupt interrupt sent' 'C - promotions' 'X fault page fault'; do
    [ "$(count "$event$")" -gt 0 ] || wrong "no event: $event"
done

pinion --trace "$trace" --trace-entries all "$(guest all work)"
expect_status 0 "the guest powered off, with all entries recorded"
read_timeline
check_counts
equal "emulated stores" "$(counter 'emulated writes')" "$(count 'X emulated store ')"

pinion --trace "$work/no/trace.json" "$(guest no work)"
expect_status 2 "a timeline that cannot be written"
expect err 'no/trace.json: cannot be written' "the reason"
pinion --trace-entries all "$(guest no work)"
expect_status 2 "--trace-entries alone"
pinion --trace "$trace" --trace-entries some "$(guest no work)"
expect_status 2 "--trace-entries with another word"
finish

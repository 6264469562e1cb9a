# SPDX-License-Identifier: MIT
# Proves that `pinion run --trace` records a Linux that forks: its promotions, demotions, pins, unpins, flushes
# and refusals are in the timeline as often as the hypervisor's own counters say; nothing is lost; every event has
# what the trace-event format prescribes, its tracks have names, slices of a track nest, and no arrow ends where
# none began. With --trace-entries all each emulated store is there, too. Bad input starts nothing.
# Needs: all images
. "$(dirname "$0")/common.sh"
trace=$work/trace.json

# count JQ-CONDITION: how many events fulfil it.
count() {
    jq "[.traceEvents[] | select($1)] | length" "$trace"
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
        equal "${name}s" "$(counter "${name}s")" "$(count ".cat == \"$name\"")"
    done
    # After the report the domain's end demotes the tables that are left.
    equal "demotions, of as many promotions" "$(count '.cat == "promotion"')" "$(count '.cat == "demotion"')"
    equal flushes "$(sed -n 's/.*root switches, .* flushes asked, \([0-9]*\) sent.*/\1/p' "$work/log")" \
        "$(count '.cat == "flush"')"
    equal refusals "$(counter refusals)" "$(count '.cat == "refusal"')"
    equal "lost records" 0 "$(jq -r .otherData.lost "$trace")"
}

check_format() {
    local found
    found=$(jq '[.traceEvents[] | select(
        ((.pid | type) == "number" and (.tid | type) == "number" and (.name | type) == "string" and
         (.ph == "M" or ((.ts | type) == "number" and .ts >= 0)) and
         (if .ph == "X" then (.dur | type) == "number" and .dur >= 0 and (.cat | type) == "string"
          elif .ph == "C" then [.args[] | type] == ["number"]
          elif .ph == "s" or .ph == "f" then (.id | type) == "string" and (.cat | type) == "string"
          else .ph == "M" or .ph == "i" end)) | not)] | length' "$trace")
    [ "$found" = 0 ] || wrong "$found events are not as the format prescribes"
    found=$(jq '([.traceEvents[] | select(.ph == "X") | [.pid, .tid]] | unique) -
        ([.traceEvents[] | select(.ph == "M" and .name == "thread_name") | [.pid, .tid]] | unique) | length' "$trace")
    [ "$found" = 0 ] || wrong "$found tracks have no name"
    # Slices of a track lie in one another or apart; 2 ns are for rounding.
    found=$(jq '[.traceEvents[] | select(.ph == "X")] | group_by([.pid, .tid]) | map(sort_by(.ts, -.dur) |
        reduce .[] as $x ({open: [], bad: 0};
            .open |= map(select(. > $x.ts + 0.002)) |
            (if (.open | length) > 0 and (.open | last) < $x.ts + $x.dur - 0.002 then .bad += 1 else . end) |
            .open += [$x.ts + $x.dur]) | .bad) | add' "$trace")
    [ "$found" = 0 ] || wrong "$found slices overlap"
    found=$(jq '([.traceEvents[] | select(.ph == "f") | [.cat, .id]] | unique) -
        ([.traceEvents[] | select(.ph == "s") | [.cat, .id]] | unique) | length' "$trace")
    [ "$found" = 0 ] || wrong "$found arrows have no beginning"
}

pinion --trace "$trace" --machine-cpus 2 "$(guest forks work)"
expect_status 0 "the guest powered off"
expect log 'audit: 0 findings' "the audit at the end"
check_counts
check_format
for name in multicall mmuext_op mmu_update; do
    [ "$(count ".cat == \"hypercall\" and .name == \"$name\"")" -gt 10 ] || wrong "few hypercalls of the name $name"
done
for what in '.name == "d1v0" and .cat == "run"' '.name == "event sent"' '.ph == "f" and .cat == "event"' \
    '.cat == "interrupt" and .name == "interrupt sent"' '.ph == "C" and .name == "promotions"' '.name == "page fault"'; do
    [ "$(count "$what")" -gt 0 ] || wrong "no event with $what"
done

pinion --trace "$trace" --trace-entries all "$(guest all work)"
expect_status 0 "the guest powered off, with all entries recorded"
check_counts
equal "emulated stores" "$(counter 'emulated writes')" "$(count '.cat == "emulated store"')"

pinion --trace "$work/no/trace.json" "$(guest no work)"
expect_status 2 "a timeline that cannot be written"
expect err 'no/trace.json: cannot be written' "the reason"
pinion --trace-entries all "$(guest no work)"
expect_status 2 "--trace-entries alone"
pinion --trace "$trace" --trace-entries some "$(guest no work)"
expect_status 2 "--trace-entries with another word"
finish

# SPDX-License-Identifier: MIT
# What `pinion trace`, `stat`, `top`, `metrics` and `map` say in dom0, about a guest that xl has made.

on_pinion() {
    [ "$(cat /sys/hypervisor/type)" = xen ] && pinion metrics >/dev/null 2>&1
}
# one_sentence STATUS PATTERN COMMAND...: it must end with that status, print nothing, and complain in one line.
one_sentence() {
    local wanted=$1 pattern=$2 status=0
    shift 2
    "$@" >/run/out 2>/run/err </dev/null || status=$?
    [ "$status" = "$wanted" ] || fail "$*: exit status $status, not $wanted: $(cat /run/err)"
    [ ! -s /run/out ] || fail "$* printed something"
    [ "$(wc -l </run/err)" = 1 ] && grep -q -E "^pinion: $pattern" /run/err || fail "$*: $(cat /run/err)"
}
# metric FILE NAME LABELS: the sum of the samples of that name whose labels match.
metric() {
    awk -v name="$2" -v labels="$3" 'index($1, name "{") == 1 && $0 ~ labels { sum += $NF } END { print sum + 0 }' "$1"
}
# cell FILE DOMAIN COLUMN: of the table of `pinion top --once`.
cell() {
    awk -v name="$2" -v column="$3" '
        $1 == "NAME" { for (i = 1; i <= NF; i++) if ($i == column) at = i }
        $1 == name && at { print $at }' "$1"
}
# some_work: has the guest start some processes, and says so when they have ended.
some_work() {
    in_guest 12 'for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done; echo done'
}

check_watch_trace() {
    need_a
    on_pinion || skip "this is no Pinion"
    id=$(xl domid a)
    rm -f /run/trace.json
    pinion trace -t 600 >/run/trace.json 2>/run/err &
    until_true 'test -s /run/trace.json'
    # Nobody else's recording is disturbed.
    one_sentence 3 'trace: a recording is running; ' pinion trace -t 1
    one_sentence 3 'another tool has the hypervisor record now; ' pinion stat a
    some_work
    kill %1
    wait %1 || fail "$(cat /run/err)"
    cat /run/err
    ls -l /run/trace.json
    # jq reads all of it, once: phase, process, category and name of each event.
    jq -r '.traceEvents[] | "\(.ph) \(.pid) \(.cat // "-") \(.name) \(.args.name // "")"' /run/trace.json >/run/events
    grep -q "^M $((100 + id)) - process_name domain $id, a$" /run/events
    grep "^X $((100 + id)) " /run/events | sort | uniq -c
    for event in "X $((100 + id)) hypercall multicall" "X $((100 + id)) promotion promotion L4" \
        "X $((100 + id)) promotion promotion L1" "X $((100 + id)) pin pin L4" "X $((100 + id)) unpin unpin L4" \
        "X $((100 + id)) event upcall" "C $((100 + id)) - promotions" 's [0-9]+ event event' 'f [0-9]+ event event' \
        's 1 interrupt interrupt' 'f 1 interrupt interrupt' "X 1 run d${id}v0"; do
        grep -q -E "^$event " /run/events || fail "no event $event"
    done
}
check_watch_counters() {
    need_a
    on_pinion || skip "this is no Pinion"
    id=$(xl domid a)
    pinion metrics >/run/before
    pinion stat a -t 600 >/run/stat &
    some_work
    some_work
    kill %1
    wait %1
    pinion metrics >/run/after
    cat /run/stat
    grep -q "^a, domain $id, " /run/stat
    grep -q -E '^EXIT +COUNT +COUNT% +TIME\(us\) +TIME% +LEAST\(us\) +MEAN\(us\) +MOST\(us\)$' /run/stat
    for name in multicall mmuext_op 'page fault' 'emulated store'; do
        grep -q -E "^$name +[1-9]" /run/stat || fail "pinion stat has no $name"
    done
    # What stat has counted lies between what metrics has said before and after it.
    for name in promotions pins emulated_writes updates; do
        most=$(($(metric /run/after pinion_domain_table_work_total "domain=\"$id\".*work=\"$name\"") - \
            $(metric /run/before pinion_domain_table_work_total "domain=\"$id\".*work=\"$name\"")))
        counted=$(awk -v n="$name" '$1 == n { print $2 }' /run/stat)
        echo "$name: $counted of $most"
        [ "${counted:-0}" -gt 0 ] && [ "$counted" -le "$most" ] || fail "stat has ${counted:-no} $name, metrics $most"
    done
    pinion stat "$id" -t 1 --sort exit | has "^a, domain $id, "
    one_sentence 2 'stat: there is no domain nobody$' pinion stat nobody

    # A paused guest's numbers do not change: they are the same everywhere.
    xl pause a
    pinion top --once >/run/top
    pinion metrics >/run/metrics
    pinion metrics --format prometheus >/run/prometheus
    xl list a >/run/list
    xl unpause a
    cat /run/top
    grep -q '^NAME .*STATE .*CPU(sec) .*CPU(%) .*MEM(k) .*MEM(%) .*MAXMEM(k) .*MAXMEM(%) .*VCPUS .*EXITS/s' /run/top
    [[ $(cell /run/top a STATE) = *p* ]]
    [ "$(cell /run/top a 'EXITS/s')" = 0 ]
    [ "$(($(cell /run/top a 'MEM(k)') * 1024))" = "$(metric /run/metrics pinion_domain_memory_bytes "domain=\"$id\"")" ]
    [ "$(cell /run/top a REFUSED)" = "$(metric /run/metrics pinion_domain_refusals_total "domain=\"$id\"")" ]
    [ "$(cell /run/top a VCPUS)" = "$(awk 'NR == 2 { print $4 }' /run/list)" ] || [ "$(cell /run/top a VCPUS)" = 2 ]
    [ -n "$(cell /run/top Domain-0 STATE)" ]
    pinion top --once --sort name | awk '/^(Domain-0|a) / { print $1 }' | tr '\n' ' ' | has '^Domain-0 a $'

    # The two formats differ in their comments and the end only.
    grep -q '^# EOF$' /run/metrics
    [ "$(grep -v '^#' /run/metrics | wc -l)" = "$(grep -v '^#' /run/prometheus | wc -l)" ]

    # The server: on loopback alone; other paths are not found.
    pinion metrics --listen 9120 2>/run/listens &
    until_true 'grep -q "metrics at http://127.0.0.1:9120/metrics" /run/listens'
    get() {
        printf 'GET %s HTTP/1.0\r\n\r\n' "$1" | nc -N -w 60 "${2:-127.0.0.1}" 9120
    }
    get /metrics | tr -d '\r' >/run/served
    grep -q '^HTTP/1\.[01] 200 OK$' /run/served
    sed '1,/^$/d' /run/served | has "^pinion_domain_memory_bytes{domain=\"$id\",name=\"a\"} "
    get /nothing | has '^HTTP/1\.[01] 404 '
    ! get /metrics 10.77.0.1 || fail "the metrics are served to the network"
    one_sentence 3 '--listen: 127.0.0.1 port 9120: Address already in use$' pinion metrics --listen 9120
    kill %1
    wait %1
}
check_watch_map() {
    need_a
    on_pinion || skip "this is no Pinion"
    id=$(xl domid a)
    xl pause a
    pinion map >/run/map
    pinion map "$id" --record /run/a.map -o /run/map.html
    memory=$(pinion metrics | grep "^pinion_domain_memory_bytes{domain=\"$id\"" | sed 's/.* //')
    listed=$(field a 3)
    xl unpause a
    cat /run/map
    # Its frames, in whole MiB, are what xl lists, without those that the hypervisor shares with it.
    frames=$(awk -v d="d$id" '$1 == d && $3 != "shared" { for (i = NF; i > 0; i--) if ($i ~ /\./) break; sum += $(i - 1) }
        END { print sum }' /run/map)
    echo "frames $frames, xl list $listed MiB, metrics $memory bytes"
    [ $((memory / 4096)) = "$frames" ]
    [ $((frames / 256)) = "$listed" ]
    grep -q -E "^d$id a +L4 table, pinned +[1-9]" /run/map
    grep -q -E '^d0 Domain-0 +L4 table, pinned +[1-9]' /run/map
    grep -q 'class="snapshot"' /run/map.html
    grep -q '</html>' /run/map.html
    ls -l /run/map.html /run/a.map
    # A recorded one says the same, with this domain's tables only.
    pinion map /run/a.map | grep "^d$id " >/run/again
    grep "^d$id " /run/map | diff - /run/again
    one_sentence 2 "map: there is no domain 4711" pinion map 4711
}
check_watch_ends() {
    # A guest that is made and destroyed while it is recorded and drawn: what is written is whole, and what it was.
    on_pinion || skip "this is no Pinion"
    kernel_config short blocked
    rm -f /run/trace.json
    pinion trace -t 600 >/run/trace.json 2>/run/trace.err &
    trace=$!
    until_true 'test -s /run/trace.json'
    create short
    id=$(xl domid short)
    pinion map "$id" --record /run/one.map
    (for round in 1 2 3 4; do
        pinion map --record "/run/$round.map" || echo "map $round failed" >>/run/map.err
    done) &
    maps=$!
    xl destroy short
    gone short
    wait $maps
    kill $trace
    wait $trace
    cat /run/trace.err
    [ ! -e /run/map.err ] || fail "$(cat /run/map.err)"
    jq -r '.traceEvents[] | "\(.ph) \(.pid) \(.cat // "-") \(.args.domain // "")"' /run/trace.json >/run/events
    grep -q "^X $((100 + id)) hypercall" /run/events
    grep -q "^X [0-9]* demotion $id$" /run/events
    for map in one 1 2 3 4; do
        pinion map "/run/$map.map" -o /run/page.html
        grep -q '</html>' /run/page.html
        pinion map "/run/$map.map" | grep -E "^d$id " | sed -n 1,2p || true
    done
    pinion map /run/one.map | has -E "^d$id short +L4 table, pinned +[1-9]"
    ! pinion map | has "^d$id " || fail "the domain is still there"
    # What `pinion stat` has counted of it is not lost.
    create short
    id=$(xl domid short)
    pinion stat short -t 600 >/run/stat 2>/run/err &
    for _ in 1 2 3; do sleep 0.9; done
    xl destroy short
    wait $! || fail "$(cat /run/err)"
    cat /run/err /run/stat
    grep -q '^pinion: stat: domain short has ended; ' /run/err
    grep -q "^short, domain $id, " /run/stat
    no_complaints
}
check_watch_refused() {
    # For others than root, and on another hypervisor: one sentence and one exit status for every command.
    local as=(setpriv --reuid 65534 --regid 65534 --clear-groups) pattern='only root may watch Pinion: '
    if ! on_pinion; then
        as=() pattern='this system does not run on a Pinion'
    fi
    for command in 'trace -t 1' 'trace -s' 'stat Domain-0' 'top --once' metrics 'metrics --listen 9121' map; do
        # shellcheck disable=SC2086
        one_sentence 3 "$pattern" "${as[@]}" /run/extra/pinion $command
    done
}

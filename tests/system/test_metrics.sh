# SPDX-License-Identifier: MIT
# Proves that what `pinion metrics` writes is valid for Prometheus' own checker, in both formats; that the board for
# Grafana is JSON and asks for no metric, and no label, that does not exist; and that all commands which need dom0 say
# in one sentence that this is none, with one exit status, which their --help has.
# Needs: all metrics-sample
. "$(dirname "$0")/common.sh"
sample=$B/check/tests/unit/tools/test_metrics_text
board=tools/grafana/pinion.json

# ---- the formats ----------------------------------------------------------------------------------
"$sample" prometheus >"$work/out" || wrong "no sample"
promtool check metrics <"$work/out" >"$work/err" 2>&1 || wrong "promtool finds: $(cat "$work/err")"
[ ! -s "$work/err" ] || wrong "promtool finds: $(cat "$work/err")"

# promtool reads OpenMetrics where it imports old samples, which have times.
"$sample" openmetrics >"$work/openmetrics" || wrong "no sample"
sed '/^#/!s/$/ 1700000000/' "$work/openmetrics" >"$work/dated"
promtool tsdb create-blocks-from openmetrics "$work/dated" "$work/blocks" >"$work/err" 2>&1 ||
    wrong "promtool does not read OpenMetrics: $(cat "$work/err")"
sed 's/^# EOF$//' "$work/dated" >"$work/cut"
! promtool tsdb create-blocks-from openmetrics "$work/cut" "$work/blocks" >/dev/null 2>&1 ||
    wrong "promtool takes a text without an end"

# ---- the board ------------------------------------------------------------------------------------
python3 - "$board" "$work/openmetrics" >"$work/err" 2>&1 <<'END' || wrong "the board: $(cat "$work/err")"
import json, re, sys
text = open(sys.argv[2]).read()
labels = {}
for name, rest in re.findall(r'^(pinion_\w+)(\{.*\})? \S+$', text, re.M):
    labels.setdefault(name, set()).update(re.findall(r'(\w+)="', rest))
board = json.load(open(sys.argv[1]))
asked = [t['expr'] for p in board['panels'] for t in p['targets']]
asked += [v['query']['query'] for v in board['templating']['list'] if v['type'] == 'query']
assert len(asked) > 8, 'few queries'
for query in asked:
    names = re.findall(r'pinion_\w+', query)
    assert names, f'{query}: no metric'
    for name in names:
        assert name in labels, f'{query}: there is no metric {name}'
        for group in re.findall(r'by \(([^)]*)\)', query):
            for label in group.split(', '):
                assert label in labels[name], f'{query}: {name} has no label {label}'
for panel in board['panels']:
    for target in panel['targets']:
        names = re.findall(r'pinion_\w+', target['expr'])
        for label in re.findall(r'\{\{(\w+)\}\}', target['legendFormat']):
            assert label in labels[names[0]], f"{panel['title']}: no label {label}"
assert len({p['id'] for p in board['panels']}) == len(board['panels']), 'two panels of one number'
END

# ---- not in dom0 ----------------------------------------------------------------------------------
refused() { # WORD...
    status=0
    "$B/pinion" "$@" </dev/null >"$work/out" 2>"$work/err" || status=$?
    expect_status 3 "pinion $*"
    [ ! -s "$work/out" ] || wrong "pinion $* prints something"
    [ "$(wc -l <"$work/err")" = 1 ] || wrong "pinion $*: $(cat "$work/err")"
    expect err '^pinion: this system does not run on a Pinion that can be watched$' "pinion $*"
}
for command in trace map stat top metrics; do
    "$B/pinion" "$command" --help | tr '\n' ' ' | grep -q 'Exit status: .* 3 the hypervisor cannot be asked' ||
        wrong "pinion $command --help lacks the status 3"
done
refused trace -t 1
refused trace -s
refused map
refused map 1 -o "$work/page"
[ ! -e "$work/page" ] || wrong "pinion map writes a page without a hypervisor"
refused stat Domain-0
refused top
refused top --once
refused metrics
refused metrics --listen 0
finish

# SPDX-License-Identifier: MIT
# Proves that bench/history collects the figures of earlier commits, oldest first and each once, and that it
# refuses, in a sentence and without a change, a shallow clone, one that lacks a recorded commit, and a folder
# that is no clone; and that the table is made from the collected file alone.
# Needs:
. "$(dirname "$0")/common.sh"

root=$PWD
export GIT_AUTHOR_DATE='2026-01-02T12:00:00 +0000' GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
in_git() { git -C "$work/whole" -c user.name=test -c user.email=test@localhost "$@"; }

# store TEN NULL_CALL MESSAGE: commits a file of figures.
store() {
    printf '%s\n' '{' '"form": "full",' '"kernel": "6.1",' \
        "{\"name\": \"null_call\", \"title\": \"null\", \"bare\": 1.0, \"xen_hypervisor\": 90.0, \"pinion_hypervisor\": $2}," \
        "\"hypervisor_in_ten_operations\": {\"bare\": 0, \"xen\": 9000000, \"pinion\": $1}," "\"$3\": 0" '}' \
        >"$work/whole/bench/results/linux.json"
    in_git add .
    in_git commit -qm "$3"
}
mkdir -p "$work/whole/bench/results"
cp "$root"/bench/history "$root"/bench/*.awk "$work/whole/bench"
in_git init -q
store 5000000 50.0 first
store 5000000 50.0 same
store 3000000 30.5 faster
first=$(in_git rev-parse --short=10 HEAD~2) last=$(in_git rev-parse --short=10 HEAD)

"$work/whole/bench/history" >"$work/out" || wrong "it fails in a whole clone"
collected=$work/whole/bench/results/history.json
sed -n 's/.*"commit": "\([0-9a-f]*\)", "date": "\([0-9-]*\)".*"ten": \([0-9]*\),.*"null_call": \([0-9.]*\),.*/\1 \2 \3 \4/p' \
    "$collected" >"$work/records"
printf '%s\n' "$first 2026-01-02 5000000 50.0" "$last 2026-01-02 3000000 30.5" >"$work/expected"
cmp -s "$work/records" "$work/expected" || wrong "other records: $(cat "$work/records")"

awk -v what=history -f bench/draw.awk -f bench/history.awk "$collected" >"$work/table"
expect table '^| 2026-01-02 | 3.0 M | 30.5 |' "the day's last figures in the table"
expect table '^| Xen, last | 9.0 M | 90 |' "Xen's figures in the table"
awk -v what=picture-history -f bench/draw.awk -f bench/history.awk "$collected" >"$work/picture"
[ "$(grep -c '<circle' "$work/picture")" = 5 ] || wrong "not a point in the legend and two for each of two figures"

# refused FOLDER PATTERN: expects status 1, one sentence, and that the collected file is as before.
refused() {
    local status=0
    cp "$collected" "$1/bench/results/history.json"
    "$1/bench/history" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" = 1 ] || wrong "exit status $status, not 1, in $1"
    expect err "$2" "$1"
    [ "$(wc -l <"$work/err")" = 1 ] || wrong "not one line: $(cat "$work/err")"
    cmp -s "$collected" "$1/bench/results/history.json" || wrong "it changed the file in $1"
}
git clone -q --depth 1 "file://$work/whole" "$work/shallow"
refused "$work/shallow" 'this clone is shallow: .git fetch --unshallow.'
cp -r "$work/whole" "$work/other"
git -C "$work/other" -c user.name=test -c user.email=test@localhost commit -q --amend -m other
refused "$work/other" "commit $last, which isn't in this clone"
cp -r "$work/whole" "$work/plain"
rm -rf "$work/plain/.git"
GIT_CEILING_DIRECTORIES=$work refused "$work/plain" 'no clone of a git repository'
echo "history: two records of three commits; a shallow, another and no clone are refused"

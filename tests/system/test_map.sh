# SPDX-License-Identifier: MIT
# Proves that `pinion run --map` records a Linux before and after a fork, that `pinion map` shows the difference
# as text and as a page, and that a browser draws the page: its legend has the numbers of the text, a picture of it
# shows each type in as much of its area, a root's
# references are explained to the last one, and an address is followed through all four tables to its frame. What
# is no snapshot, and wrong options, are refused with one sentence; nothing is written then.
# Needs: all images
. "$(dirname "$0")/common.sh"

map() {
    status=0
    "$B/pinion" map "$@" >"$work/out" 2>"$work/err" || status=$?
}

# ---- the run ----

mkfifo "$work/keys"
"$B/pinion" run --timeout "$patience" --log "$work/log" --memory 128 --ramdisk "$ramdisk" \
    --map "$work/before.map" --map-at 'fork: before' --map "$work/after.map" --map-at 'fork: after' \
    --map "$work/end.map" --cmdline "console=hvc0 quiet $no_self_tests $no_watchdogs pinion.do=fork" \
    "$kernel" <"$work/keys" >"$work/out" 2>"$work/err" &
run=$!
exec 3>"$work/keys"
for moment in before after; do
    wait_until test -s "$work/$moment.map" || wrong "there is no snapshot $moment the fork"
    echo >&3
done
exec 3>&-
status=0
wait $run || status=$?
expect_status 0 "the run"
[ -s "$work/end.map" ] || wrong "there is no snapshot of the end"

# ---- text ----

map --text "$work/before.map" "$work/after.map"
expect_status 0 "two snapshots as text"
grew() { # TYPE: how many frames of that type there are more
    sed -nE "s/^d1 guest +$1 +[0-9]+ +[0-9]+ +([+-][0-9]+)$/\1/p" "$work/out"
}
# A process of this Linux has a kernel root and a user root; both are pinned.
[ "$(grew 'L4 table, pinned')" = +2 ] || wrong "a fork makes $(grew 'L4 table, pinned') pinned roots, not +2"
[ "$(grew 'L1 table, pinned')" -gt 0 ] || wrong "a fork makes no L1 table"
map "$work/after.map"
expect_status 0 "one snapshot as text"
expect out '^d1 guest +L4 table, pinned +[0-9]+ ' "the roots"
expect out '^together +66[0-9]{3} ' "the sum"
cp "$work/out" "$work/text"

# ---- the page ----

map "$work/after.map" -o "$work/one.html"
expect_status 0 "a page of one snapshot"
map "$work/before.map" "$work/after.map" -o "$work/pair.html"
expect_status 0 "a page of two snapshots"
[ "$(wc -c <"$work/pair.html")" -lt 4000000 ] || wrong "the page has $(wc -c <"$work/pair.html") bytes"
expect_no one.html '(src|href)="?(https?:)?//' "something to fetch"
[ "$(grep -c 'class="snapshot"' "$work/pair.html")" = 2 ] || wrong "the page has not two snapshots"

# drawn PAGE#WHAT: the page as the browser has made it, in $work/dom.
drawn() {
    timeout -k 5 "$patience" chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$work/profile" \
        --virtual-time-budget=20000 --dump-dom "file://$work/$1" >"$work/dom" 2>"$work/browser"
    grep -q 'data-ready' "$work/dom" || wrong "$1 is not drawn: $(tail -n 3 "$work/browser")"
}
if command -v chromium >/dev/null; then
    # The sum of the text's lines of a type, pinned or not, is the legend's number.
    drawn 'one.html#address=0xffffffff81000000'
    for type in 'L1 table' 'L2 table' 'L3 table' 'L4 table' writable free; do
        text=$(awk -v t="$type" 'index($0, " " t) || index($0, t) == 1 {
            for (i = NF; i > 0; i--) if ($i ~ /\./) break; sum += $(i - 1) } END { print sum }' "$work/text")
        page=$(grep -oE "data-look=\"$type\" data-frames=\"[0-9]+\"" "$work/dom" | grep -oE '[0-9]+"$' | tr -d '"')
        [ "$text" = "$page" ] || wrong "the page has ${page:-no} frames of '$type', the text $text"
    done
    root=$(grep -oE 'kernel root of d1 guest vCPU 0' "$work/dom" | head -n 1)
    [ -n "$root" ] || wrong "the first vCPU's root is not there"
    expect_no dom '<td>the hypervisor holds it, a grant' "a reference of the root that nothing explains"
    for level in 4 3 2 1; do
        expect dom "<li>L$level table <button" "step $level of the journey"
    done
    expect dom 'A guest may read, execute it' "the journey's end"
    [ "$(grep -oE 'role="treeitem"' "$work/dom" | wc -l)" -gt 4 ] || wrong "the tree has no items"
    # A picture of the page: each type's colour covers so much more of it than another's as it has more frames.
    timeout -k 5 "$patience" chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1400,1100 \
        --user-data-dir="$work/profile" --virtual-time-budget=20000 --screenshot="$work/one.png" \
        "file://$work/one.html#theme=light" >"$work/browser" 2>&1
    tests/system/colours "$work/one.png" >"$work/colours" || wrong "the picture: $(tail -n 3 "$work/browser")"
    pixels() { # COLOUR
        awk -v colour="$1" '$2 == colour { print $1 }' "$work/colours"
    }
    frames() { # TYPE
        grep -oE "data-look=\"$1\" data-frames=\"[0-9]+\"" "$work/dom" | grep -oE '[0-9]+"$' | tr -d '"'
    }
    echo "pixels: writable $(pixels 9fd0ee), no type $(pixels dcebd6), L1 table $(pixels f0e442), L4 table $(pixels 3b0f00)"
    awk -v a="$(pixels 9fd0ee)" -v b="$(pixels dcebd6)" -v n="$(frames writable)" -v m="$(frames 'no type')" \
        'BEGIN { r = a * m / (b * n); exit !(r > 0.9 && r < 1.1) }' || wrong "the areas are not as the frames are"
    [ "$(pixels f0e442)" -gt "$(pixels 3b0f00)" ] && [ "$(pixels 3b0f00)" -gt 0 ] || wrong "tables are not in the picture"
    drawn 'pair.html#by=change'
    [ "$(grep -oE '<canvas' "$work/dom" | wc -l)" = 2 ] || wrong "there are not two maps"
    expect dom '<h3>What became of the frames' "the changes"
    expect dom 'd1 guest, L4 table</td>' "frames that became roots"
    drawn 'one.html#frame=nonsense'
    expect dom 'class="error">Write a number, such as' "a wrong number"
else
    echo "chromium is not here: the pages were not drawn"
fi

# ---- refusals ----

refused() { # PATTERN ARGUMENT...
    local pattern=$1
    shift
    rm -f "$work/x.html"
    map "$@"
    expect_status 2 "pinion map $*"
    expect err "^pinion: $pattern" "the sentence for $*"
    [ "$(wc -l <"$work/err")" = 1 ] || wrong "not one line for $*"
    [ ! -e "$work/x.html" ] || wrong "a page was written for $*"
}
head -c 100 "$work/after.map" >"$work/cut.map"
refused '.*/cut.map: the recorded snapshot is damaged$' "$work/cut.map" -o "$work/x.html"
refused '.*/log: no snapshot that' "$work/log" -o "$work/x.html"
refused '.*/nothing.map: ' "$work/nothing.map" -o "$work/x.html"
refused 'map: there is no domain 9 in ' "$work/after.map" 9 -o "$work/x.html"
refused 'map: unknown option --colour' --colour "$work/after.map"
refused 'map: --output needs a value' "$work/after.map" -o
refused 'map: two snapshots at most' "$work/after.map" "$work/after.map" "$work/after.map"
refused 'map: --record writes the machine as it is now' "$work/after.map" --record "$work/x.html"
map --help
expect_status 0 "--help"
finish

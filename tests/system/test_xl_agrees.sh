# SPDX-License-Identifier: MIT
# Proves that `pinion run` reads files in the syntax of xl.cfg as Debian's xl does. 540 small files, 340 written by
# hand (tests/xlcfg/cases) and 200 made from seeds, right and wrong ones, are read by Pinion (tools/cfg.c) and by
# the real `xl create -n` of this distribution, downloaded but not installed, with a library in the place of the
# hypervisor (tests/xlcfg/no_xen.c). Compared are the verdict, and name, kernel, ramdisk, command line, memory,
# vCPUs, weight, cap and CPUs. Where xl cannot be had, its answers in tests/xlcfg/answers stand in (xl 4.17.7;
# `tests/system/test_xl_agrees.sh --record` makes them again). Not compared: keys that Pinion does not use; what
# xl would refuse later, when it creates the guest; what Pinion cannot do and says so (tests/xlcfg/differences).
# Needs: all xlcfg
. "$(dirname "$0")/common.sh"

mkdir "$work/files"
"$B/xlcfg/make_files" "$work/files" tests/xlcfg/cases 200 || wrong "the files cannot be made"
"$B/xlcfg/read_files" "$work"/files/* >"$work/ours" || wrong "read_files ends with $?"
live=true
if ! tests/xlcfg/fetch-xl "$B" || ! tests/xlcfg/judge "$work"/files/* >"$work/xls"; then
    live=false
    echo "xl is not here: its recorded answers are used"
    cp tests/xlcfg/answers "$work/xls"
fi
if [ "${1:-}" = --record ]; then
    $live || exit 2
    cp "$work/xls" tests/xlcfg/answers
fi
tests/xlcfg/differences "$work/ours" "$work/xls" >"$work/out" || wrong "Pinion and xl read files differently"
tail -n 1 "$work/out"

# The comparison has something to compare.
for verdict in accepted refused; do
    [ "$(grep -c " $verdict" "$work/xls")" -ge 150 ] || wrong "xl has $verdict fewer than 150 files"
done
! sed 's|vcpus=2/4|vcpus=4/4|' "$work/ours" >"$work/changed" ||
    ! tests/xlcfg/differences "$work/changed" "$work/xls" >/dev/null || wrong "a difference is not noticed"
finish

# SPDX-License-Identifier: MIT
# Proves that `make run` works on a terminal: the guest's shell prompts, commands that are typed there run,
# `poweroff` ends the command with status 0, and the terminal's settings are as before.
. "$(dirname "$0")/common.sh"

command -v script >/dev/null || exit 77
mkfifo "$work/keys"
cat >"$work/session" <<END
stty -a >'$work/stty-before'
'$B/pinion' run --timeout $patience --log '$work/log' --memory 192 --ramdisk '$ramdisk' \
    --cmdline 'console=hvc0 quiet pinion.do=shell' '$kernel'
echo "status \$?"
stty -a >'$work/stty-after'
END
: >"$work/out"
script -qfc "bash '$work/session'" /dev/null <"$work/keys" >"$work/out" 2>&1 &
terminal=$!
trap '' PIPE # if `script` has ended early, its output shows the reason
exec 3>"$work/keys"
has_or_ended() {
    grep -Eq -- "$1" "$work/out" || ! kill -0 $terminal 2>/dev/null
}
wait_for() {
    wait_until has_or_ended "$1"
    grep -Eq -- "$1" "$work/out" || wrong "no /$1/ on the terminal"
}
wait_for '/ # '
printf 'echo $((6 * 7))-from-the-guest; tty\r' >&3
wait_for '42-from-the-guest'
printf 'poweroff\r' >&3
wait_for 'status [0-9]'
exec 3>&-
wait
expect out '/dev/hvc0' "the shell's terminal"
expect out 'status 0' "the exit status"
cmp -s "$work/stty-before" "$work/stty-after" || wrong "the terminal was changed"
finish

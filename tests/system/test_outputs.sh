# SPDX-License-Identifier: MIT
# Proves that each write of the command is checked: an output that is full, closed or gone is named in one
# sentence, the guests run on for the other output, and the exit status is 4; without a reader it ends quietly.
# Needs: all guests
. "$(dirname "$0")/common.sh"

hello=$B/guests/test_hello.elf
run=("$B/pinion" run --timeout "$patience" --memory 64)

# The run that is described by WHAT had STATUS, and gave the user the one SENTENCE.
reported() { # STATUS SENTENCE WHAT
    expect_status "$1" "$3"
    [ "$(grep '^pinion: ' "$work/err")" = "${2:+pinion: $2}" ] || wrong "$3: $(grep '^pinion: ' "$work/err")"
}

guest_ran_on() { # OUTPUT WHAT
    case $1 in
    log) expect log 'all guests have ended' "$2: the log to its end" ;;
    out) expect out 'Test result: SUCCESS' "$2: the console to its end" ;;
    esac
}

full='No space left on device; the run goes on without it'
status=0
"${run[@]}" --log "$work/log" "$hello" </dev/null >/dev/full 2>"$work/err" || status=$?
reported 4 "standard output: $full" "standard output is full"
guest_ran_on log "standard output is full"

status=0
"${run[@]}" "$hello" </dev/null >/dev/full 2>"$work/err" || status=$?
reported 4 "standard output: $full" "standard output is full, the log is on standard error"
cp "$work/err" "$work/log"
guest_ran_on log "standard output is full, the log is on standard error"

status=0
"${run[@]}" --log /dev/full "$hello" </dev/null >"$work/out" 2>"$work/err" || status=$?
reported 4 "/dev/full: $full" "the log is full"
guest_ran_on out "the log is full"

status=0
"${run[@]}" "$hello" </dev/null >"$work/out" 2>/dev/full || status=$?
expect_status 4 "standard error is full"
guest_ran_on out "standard error is full"

status=0
"${run[@]}" "$hello" </dev/null >"$work/out" 2>&- || status=$?
expect_status 4 "standard error is closed"
guest_ran_on out "standard error is closed"

status=0
"${run[@]}" --log "$work/log" "$hello" </dev/null >&- 2>"$work/err" || status=$?
reported 4 'standard output: Bad file descriptor; the run goes on without it' "standard output is closed"
guest_ran_on log "standard output is closed"

# A guest's crash says more than a full output.
status=0
"${run[@]}" --log "$work/log" "$B/guests/test_crash_refused.elf" </dev/null >/dev/full 2>"$work/err" || status=$?
reported 1 "standard output: $full" "a crash, and standard output is full"

# A file that may not grow, by a limit that also raises a signal.
head -c 204800 /dev/zero >"$work/large"
status=0
(
    ulimit -f 200
    exec "${run[@]}" --log "$work/log" "$hello" </dev/null >>"$work/large" 2>"$work/err"
) || status=$?
reported 4 'standard output: File too large; the run goes on without it' "a limit for the size of files"
guest_ran_on log "a limit for the size of files"

# A disk that becomes full. The mount is in a namespace of its own.
if unshare -m true 2>/dev/null; then
    status=0
    WORK=$work unshare -m bash -c '
        mkdir "$WORK/disk" && mount -t tmpfs -o size=4k none "$WORK/disk" || exit 77
        head -c 3500 /dev/zero >"$WORK/disk/other"
        "$@" --log "$WORK/disk/log" "$0" </dev/null >"$WORK/out" 2>"$WORK/err"' "$hello" "${run[@]}" || status=$?
    if [ $status = 77 ]; then
        echo "note: no tmpfs can be mounted here"
    else
        reported 4 "$work/disk/log: $full" "the log's disk is full"
        guest_ran_on out "the log's disk is full"
    fi
fi

# The reader of the output goes away. Nothing is said, as with other programs in a pipe.
"${run[@]}" --log "$work/log" "$hello" </dev/null 2>"$work/err" | true
status=${PIPESTATUS[0]}
reported 141 '' "the reader goes away"

# With SIGPIPE ignored, as a service manager does it, that is a failed write like others.
(
    trap '' PIPE
    "${run[@]}" --log "$work/log" "$hello" </dev/null 2>"$work/err"
    echo $? >"$work/status"
) | true
status=$(cat "$work/status")
reported 4 'standard output: Broken pipe; the run goes on without it' "the reader goes away, SIGPIPE is ignored"
guest_ran_on log "the reader goes away, SIGPIPE is ignored"

# The reader of standard error takes nothing more, nor does that of standard output. A signal ends the run all the
# same, and quickly, although not even the sentence about the lost output can be written.
mkfifo "$work/pipe"
exec 9<>"$work/pipe"
dd if=/dev/zero of="$work/pipe" bs=4096 oflag=nonblock 2>/dev/null
gone() { # PID
    ! kill -0 "$1" 2>/dev/null
}
alone() { # PID: its emulator has ended
    ! grep -q . "/proc/$1/task/$1/children"
}
ends_by_term() { # PID WHAT
    kill -TERM "$1"
    wait_until gone "$1" || {
        wrong "SIGTERM does not end a run: $2"
        kill -KILL "$1"
    }
    status=0
    wait "$1" 2>/dev/null || status=$?
    expect_status 143 "$2, ended by SIGTERM"
}

"${run[@]}" --log "$work/log" "$hello" </dev/null >"$work/pipe" 2>"$work/pipe" &
wait_until grep -qs 'all guests have ended' "$work/log" || wrong "the guest did not end"
ends_by_term $! "both readers are stuck"
rm "$work/log"
"${run[@]}" --log "$work/log" "$hello" </dev/null >/dev/full 2>"$work/pipe" &
wait_until grep -qs 'all guests have ended' "$work/log" || wrong "the guest did not end"
wait_until alone $! || wrong "the emulator did not end"
ends_by_term $! "the reader of standard error is stuck"
exec 9>&-

# Texts that the command prints itself.
for words in --help help 'run --help'; do
    status=0
    # shellcheck disable=SC2086
    "$B/pinion" $words >/dev/full 2>"$work/err" || status=$?
    reported 4 'standard output: No space left on device' "$words, standard output is full"
    status=0
    # shellcheck disable=SC2086
    "$B/pinion" $words >&- 2>"$work/err" || status=$?
    reported 4 'standard output: Bad file descriptor' "$words, standard output is closed"
done
status=0
"$B/pinion" fly 2>/dev/full || status=$?
expect_status 2 "bad usage, standard error is full"
finish

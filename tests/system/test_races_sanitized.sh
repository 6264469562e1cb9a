# SPDX-License-Identifier: MIT
# Proves that ThreadSanitizer finds no data race in the engine's tests with threads
# (tests/model/test_raced.c) and in the scheduler's (tests/unit/sched/test_threads.c): every word that two CPUs
# change is changed under a lock or by atomics with a stated order.
# Takes: minutes
# Needs: tsan
. "$(dirname "$0")/common.sh"

make --no-print-directory --silent "$B/tsan/test_raced" "$B/tsan/test_sched" || exit 1
MODEL_SECONDS=1 setarch -R "$B/tsan/test_raced" && setarch -R "$B/tsan/test_sched"

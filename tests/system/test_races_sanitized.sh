# SPDX-License-Identifier: MIT
# Proves that the engine's races on real threads (tests/model/test_raced.c) and the scheduler's
# (tests/unit/sched/test_threads.c) show ThreadSanitizer no unordered access: every word that two CPUs
# change is changed by atomics with a stated order or under a lock.
# Needs: tsan
. "$(dirname "$0")/common.sh"

make --no-print-directory --silent "$B/tsan/test_raced" "$B/tsan/test_sched" || exit 1
MODEL_SECONDS=1 setarch -R "$B/tsan/test_raced" && setarch -R "$B/tsan/test_sched"

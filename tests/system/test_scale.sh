# SPDX-License-Identifier: MIT
# Proves that a request to the virtual MMU costs the same on four CPUs as on one when each runs a guest of
# its own, and that two such guests share no cache line that either stores to (docs/performance.md).
# Needs: bench-scale
cd "$(dirname "$0")/../.."
exec bench/scale/run --check

# SPDX-License-Identifier: MIT
# Proves that a request to the virtual MMU costs the same on four CPUs, each with a guest of its own, as on one,
# and that two such guests use no common cache line to which one of them stores (docs/performance.md).
# Needs: bench-scale
cd "$(dirname "$0")/../.."
exec bench/scale/run --check

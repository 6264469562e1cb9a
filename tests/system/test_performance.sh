# SPDX-License-Identifier: MIT
# Proves that no operation of a guest executes over 3 % more instructions than the stored figure
# (docs/performance.md).
# Takes: minutes
# Needs: bench-guard
cd "$(dirname "$0")/../.."
exec bench/guard

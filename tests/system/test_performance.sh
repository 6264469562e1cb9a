# SPDX-License-Identifier: MIT
# Proves that no operation of a guest costs over 3 % more instructions than stored (docs/performance.md).
# Needs: bench-guard
cd "$(dirname "$0")/../.."
exec bench/guard

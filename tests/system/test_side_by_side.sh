# SPDX-License-Identifier: MIT
# Proves that random calls have the same results on Pinion as on Debian's Xen and leave the same page tables,
# with a part of the episodes that `make conformance` compares.
# Takes: minutes
# Needs: all guests
cd "$(dirname "$0")/../.." && exec tests/side-by-side 1 300

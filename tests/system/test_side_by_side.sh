# SPDX-License-Identifier: MIT
# Random calls get the same answers from Pinion as from Debian's Xen, and leave the same page tables; a
# share of what `make conformance` compares.
# Needs: all guests
cd "$(dirname "$0")/../.." && exec tests/side-by-side 1 300

# SPDX-License-Identifier: MIT
# Before anything is compiled: is everything installed that this takes? tools/packages.txt is the list.
packages:
	@CC='$(CC)' tools/install --check build
packages-check:
	@CC='$(CC)' tools/install --check build check
.PHONY: packages packages-check

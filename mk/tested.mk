# SPDX-License-Identifier: MIT
# What tests run. They believe no file that merely lies there: make writes down what it has just found or made
# up to date, and a test whose things are not on that list has failed (tests/built.sh).

# up-to-date: make each of $(WANTED), as far as it goes, and append to the file $(LIST) those that are.
NOTED := $(addprefix up-to-date/,$(WANTED))
up-to-date: $(NOTED)
$(NOTED): up-to-date/%: %
	@echo '$*' >>'$(LIST)'

# The same with the other compiler.
clang:
	@$(MAKE) CC=clang B=$(B)/clang WANTED= all guests
.PHONY: up-to-date clang $(NOTED)

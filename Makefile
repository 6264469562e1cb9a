# SPDX-License-Identifier: MIT
# Pinion's build: what can be asked for. `make help` lists the targets; mk/ says how each thing is made.
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
ifeq ($(origin CC),default)
CC := gcc
endif
B ?= build

all: ## build the hypervisor and the command (the default)

include mk/stamps.mk mk/packages.mk mk/flags.mk
include mk/unpack.mk mk/hypervisor.mk mk/tools.mk mk/images.mk mk/dom0.mk mk/package.mk
include mk/guests.mk mk/kernels.mk
include mk/xlcfg.mk mk/check.mk mk/tsan.mk mk/bench.mk mk/tested.mk

all: $(B)/pinion.bin $(B)/pinion.elf-gdb.py $(B)/pinion
run: ## install what is missing, build, boot a stock Linux on Pinion; KERNEL=FILE boots another
	@KERNEL='$(KERNEL)' tools/run-demo
run-dom0: ## install what is missing, build, boot Debian as dom0 on Pinion: a login, or a demonstration without a terminal
	@tools/run-dom0
dom0-image: $(DOM0_IMAGE) ## a disk image for dom0: Debian 12 with its kernel, Xen's tools and libvirt
package: ## Debian packages of the hypervisor for GRUB and of the command, in build/package
	@tools/install
	@$(MAKE) --no-print-directory --silent packages-debian
image: ## a disk image for BIOS and UEFI: Debian 12 as dom0 with the packages, and a guest: build/pinion-debian.img
	@tools/install
	@$(MAKE) --no-print-directory --silent $(B)/pinion-debian.img
iso: ## a disc that starts guests in memory, without a disk: build/pinion-demo.iso
	@tools/install
	@$(MAKE) --no-print-directory --silent $(B)/pinion-demo.iso
run-image: image ## boot a copy of that image in QEMU; FIRMWARE=uefi (the default) or bios
	@FIRMWARE='$(or $(FIRMWARE),uefi)' tools/run-image
test: ## install what is missing, run every test
	@tools/install
	@MODEL_OPERATIONS=3000000 MODEL_DEEPER=1 MODEL_SECONDS=1 \
	  tests/run $(MAKEOVERRIDES) build unit model lint guests bochs system
test-bochs: ## install what is missing, run the guests' tests and a Linux on Bochs, too, with several processors; compare the verdicts
	@tools/install
	@tests/bochs/compare $(MAKEOVERRIDES)
check: packages-check ## build and run the unit tests (seconds, no QEMU)
	@tests/run $(MAKEOVERRIDES) unit model
coverage: ## which lines and branches of vmmu/ the tests of the engine reach
	@tests/coverage
fuzz: ## fuzz the engine and every parser of guest data for hours: FUZZ_SECONDS=N (7200)
	@tools/install
	@tests/fuzz/run $(or $(FUZZ_SECONDS),7200)
bench: ## the same Linux on the bare machine, on Xen and on Pinion; several CPUs; the engine alone: what each operation costs
	@tools/install
	@$(MAKE) --no-print-directory --silent bench-build
	@bench/run
	@bench/collect bare xen pinion >$(B)/bench/linux.json && mv $(B)/bench/linux.json bench/results/
	@bench/engine/run
	@bench/scale/run
	@bench/pair/run && mv $(B)/bench/pair.json bench/results/
	@bench/draw
	@$(MAKE) --no-print-directory --silent bench-tlb
bench-tlb: ## the same Linux on all three: how often each operation misses the TLB, with PCID and without
	@tools/install
	@$(MAKE) --no-print-directory --silent bench-tlb-build
	@bench/tlb/run
	@bench/tlb/collect skylake zen -- bare xen pinion >$(B)/bench/tlb.json && mv $(B)/bench/tlb.json bench/results/
	@bench/draw
bench-dom0: ## the same Debian as dom0 on Xen and on Pinion: what its boot, a guest, and that guest's disk and network cost
	@tools/install
	@$(MAKE) --no-print-directory --silent bench-dom0-build
	@bench/dom0/run
	@mv $(B)/bench/dom0.json bench/results/
	@bench/draw
bench-field: ## lmbench's operations on the bare machine, on Xen and on Pinion: instructions and misses of a TLB
	@tools/install
	@$(MAKE) --no-print-directory --silent bench-build bench-tlb-build
	@bench/field
	@mv $(B)/bench/field.json $(B)/bench/tlb-field.json bench/results/
	@bench/draw
bench-isolation: ## what isolation costs, on Xen (xpti) and on Pinion
	@tools/install
	@$(MAKE) --no-print-directory --silent bench-build bench-dom0-build bench-tlb-build
	@bench/isolation
	@bench/draw
bench-boot: ## what it costs from the boot loader to dom0's first instruction, on BIOS and on UEFI, on Xen and on Pinion
	@tools/install
	@$(MAKE) --no-print-directory --silent bench-boot-build
	@bench/boot/run
	@mv $(B)/bench/boot.json bench/results/
	@bench/draw
conformance: ## small kernels on Pinion, on Debian's Xen and on the bare machine; random calls on both
	@tools/install
	@tests/conformance $(MAKEOVERRIDES)
lint: ## includes, lengths, headings, format; builds with gcc and with clang
	@tests/lint/run
format: ## put the C files into their format
	clang-format-16 -i $(wildcard lib/*.[ch] vmmu/*.[ch] hypervisor/*.[ch] hypervisor/*/*.[ch] hypervisor/*/*/*.[ch] \
	  guest/*.[ch] tools/*.[ch] tools/demo/*.[ch] tools/package/*.[ch] bench/*.[ch] bench/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch])
clean: ## remove what was built
	rm -rf $(B)
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 12

# A file whose recipe failed is not left behind, half written.
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run run-dom0 dom0-image package image iso run-image test test-bochs check coverage fuzz bench bench-tlb bench-dom0 bench-boot bench-field bench-isolation conformance lint format clean help
-include $(shell find $(addprefix $(B)/,hv host guests check clock frames stepped tsan plugin engine xlcfg) -name '*.d' -type f 2>/dev/null)

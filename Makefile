# SPDX-License-Identifier: MIT
# Pinion's build: one flat file. `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
ifeq ($(origin CC),default)
CC := gcc
endif
B ?= build

WARN := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla
COMMON := -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP

all: $(B)/pinion.bin $(B)/pinion ## build the hypervisor and the command (the default)

# A changed compiler, or another way of compiling the hypervisor, rebuilds everything.
$(B)/compiler: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(HV_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(HV_CFLAGS)' > $@

# ---- the hypervisor: freestanding; linked high, moved into place by its own boot code ---------------
# HV_FIRST: where a test has headers that take the place of ours.
HV_CFLAGS := $(HV_FIRST) $(COMMON) -fpie -mcmodel=small -fvisibility=hidden -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -ffreestanding \
	-fno-common -fno-strict-aliasing -fno-jump-tables -ffunction-sections -fdata-sections \
	-include lib/hidden.h $(if $(findstring clang,$(CC)),,-flto=auto)
HV_SRC := $(wildcard lib/*.c vmmu/*.c hypervisor/*.c hypervisor/*/*.c)
HV_ASM := $(wildcard hypervisor/*/*.S)
HV_OBJ := $(HV_SRC:%.c=$(B)/hv/%.o) $(HV_ASM:%.S=$(B)/hv/%.S.o)

$(B)/hv/%.o: %.c $(B)/compiler
	@mkdir -p $(@D)
	$(CC) $(HV_CFLAGS) -c -o $@ $<
$(B)/hv/%.S.o: %.S $(B)/compiler
	@mkdir -p $(@D)
	$(CC) $(HV_CFLAGS) -D__ASSEMBLY__ -c -o $@ $<
$(B)/pinion.elf: $(HV_OBJ) hypervisor/boot/pinion.lds
	$(CC) $(filter-out -MMD -MP,$(HV_CFLAGS)) -nostdlib -static -Wl,-T,hypervisor/boot/pinion.lds -Wl,--gc-sections \
	  -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments \
	  -Wl,-Map,$(B)/pinion.map -o $@ $(HV_OBJ)
$(B)/pinion.bin: $(B)/pinion.elf
	objcopy -O binary $< $@

# ---- the command --------------------------------------------------------------------------------
TOOL_SRC := $(wildcard tools/*.c) lib/pvimage.c
TOOL_OBJ := $(TOOL_SRC:%.c=$(B)/host/%.o)
TOOL_LIBS := -lz -llzma -lzstd -llz4

$(B)/host/%.o: %.c $(B)/compiler
	@mkdir -p $(@D)
	$(CC) $(COMMON) -D_GNU_SOURCE -c -o $@ $<
$(B)/pinion: $(TOOL_OBJ)
	$(CC) -o $@ $(TOOL_OBJ) $(TOOL_LIBS)

# ---- what `make run` and the system tests put into a guest ---------------------------------------
DEMO_OBJ := $(patsubst %.c,$(B)/host/%.o,$(wildcard tools/demo/*.c))
$(B)/demo: $(DEMO_OBJ)
	$(CC) -static -o $@ $(DEMO_OBJ)
$(B)/initramfs.cpio: $(B)/demo tools/demo/init tools/demo/make-initramfs
	tools/demo/make-initramfs $@ $(B)/demo tools/demo/init
$(B)/vmlinuz: tools/fetch-kernel
	tools/fetch-kernel $(B)
$(B)/torture: $(B)/host/tests/system/torture/torture.o
	$(CC) -static -pthread -o $@ $^
$(B)/torture.cpio: $(B)/torture tests/system/torture/init tools/demo/make-initramfs
	tools/demo/make-initramfs $@ $(B)/torture tests/system/torture/init
images: all $(B)/initramfs.cpio $(B)/torture.cpio $(B)/vmlinuz

# ---- test guests: one small PV kernel each ---------------------------------------------------------
GUEST_CFLAGS := $(COMMON) -mcmodel=large -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -ffreestanding \
	-fno-strict-aliasing -fno-jump-tables -Wno-missing-prototypes
GUEST_COMMON := $(patsubst %.c,$(B)/guests/%.o,$(wildcard tests/guests/common/*.c)) \
	$(patsubst %.S,$(B)/guests/%.S.o,$(wildcard tests/guests/common/*.S)) \
	$(patsubst %,$(B)/guests/%.o,lib/string lib/print guest/console guest/pv/console guest/pv/hypercall.S)
GUESTS := $(patsubst tests/guests/%.c,$(B)/guests/%.elf,$(wildcard tests/guests/*.c))

$(B)/guests/%.o: %.c $(B)/compiler
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -c -o $@ $<
$(B)/guests/%.S.o: %.S $(B)/compiler
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -D__ASSEMBLY__ -c -o $@ $<
# A test may have a linker script of its own beside it.
GUEST_LDS := $(wildcard guest/*.lds tests/guests/common/*.lds tests/guests/*.lds)
$(B)/guests/%.elf: $(B)/guests/tests/guests/%.o $(GUEST_COMMON) $(GUEST_LDS)
	$(CC) -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	  -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -o $@ $< $(GUEST_COMMON) \
	  -Wl,-T,$(or $(wildcard tests/guests/$*.lds),tests/guests/common/guest.lds)
guests: $(GUESTS)

# ---- the guest library and its kernels: each on Pinion or Xen (pv) and on the bare machine (native) --
LIBGUEST_COMMON := lib/string.c lib/print.c $(wildcard guest/*.c guest/*.S guest/kernels/*/*.c)
libguest-objects = $(patsubst %,$(B)/guests/%.o,$(basename $(filter %.c,$(1))) $(filter %.S,$(1)))
KERNELS := $(patsubst guest/kernels/%.c,%,$(wildcard guest/kernels/*.c))

LIBGUEST_LINK := -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,-T,guest/kernel.lds
LIBGUEST_PV := $(call libguest-objects,$(LIBGUEST_COMMON) $(wildcard guest/pv/*.c guest/pv/*.S))
LIBGUEST_NATIVE := $(call libguest-objects,$(LIBGUEST_COMMON) $(wildcard guest/native/*.c guest/native/*.S))

$(B)/libguest-pv.a: $(LIBGUEST_PV)
	rm -f $@ && ar qcs $@ $^
$(B)/libguest-native.a: $(LIBGUEST_NATIVE)
	rm -f $@ && ar qcs $@ $^
$(B)/kernels/%.pv.elf: $(B)/guests/guest/kernels/%.o $(B)/libguest-pv.a $(wildcard guest/*.lds)
	@mkdir -p $(@D)
	$(CC) -o $@ $< $(B)/libguest-pv.a $(LIBGUEST_LINK)
$(B)/kernels/%.native.elf: $(B)/guests/guest/kernels/%.o $(B)/libguest-native.a $(wildcard guest/*.lds)
	@mkdir -p $(@D)
	$(CC) -o $@ $< $(B)/libguest-native.a $(LIBGUEST_LINK)
$(B)/kernels/%.native.bin: $(B)/kernels/%.native.elf
	objcopy -O binary $< $@
kernels: $(foreach k,$(KERNELS),$(B)/kernels/$(k).pv.elf $(B)/kernels/$(k).native.bin)

# ---- unit tests: on the host, under sanitizers ------------------------------------------------------
CHECK_CFLAGS := $(COMMON) -O1 -D_GNU_SOURCE -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -pthread
CHECK_SRC := $(wildcard tests/unit/*/test_*.c tests/model/test_*.c)
CHECK_BIN := $(CHECK_SRC:%.c=$(B)/check/%)
# lib/string.c is for where there is no C library.
check-objects = $(patsubst %.c,$(B)/check/%.o,$(filter-out lib/string.c,$(wildcard $(1))))
VMMU_OBJ := $(call check-objects,vmmu/*.c tests/machine/*.c lib/*.c)
# The races have ports of their own, without the fake machine.
RACED_OBJ := $(call check-objects,tests/model/races.c tests/model/threads_port.c vmmu/*.c lib/*.c)
MODEL_OBJ := $(filter-out $(RACED_OBJ),$(call check-objects,$(filter-out tests/model/test_%,$(wildcard tests/model/*.c))))
TOOLS_OBJ := $(filter-out %/tools/main.o,$(call check-objects,tools/*.c lib/*.c))
LIB_OBJ := $(call check-objects,lib/*.c)
# The guest library on a fake hypervisor, without what needs a real machine.
GUEST_ARCHIVE := $(B)/check/guest.a
GUEST_CHECK_OBJ := $(filter-out %/console.o %/kernel.o %/trap.o %/cpu.o %/event.o %/start.o %/refused.o, \
	$(call check-objects,guest/*.c guest/pv/*.c tests/unit/guest/fake*.c)) $(LIB_OBJ)
# The hypervisor as an archive: a test gets the objects that it needs and stands in for the rest.
HV_ARCHIVE := $(B)/check/hypervisor.a
HV_CHECK_OBJ := $(call check-objects,hypervisor/*.c hypervisor/*/*.c)

$(B)/check/%.o: %.c $(B)/compiler
	@mkdir -p $(@D)
	$(CC) $(CHECK_CFLAGS) -c -o $@ $<
$(B)/check/tests/unit/vmmu/%: $(B)/check/tests/unit/vmmu/%.o $(VMMU_OBJ)
	$(CC) $(CHECK_CFLAGS) -o $@ $^ -lcmocka
$(B)/check/tests/model/test_raced: $(B)/check/tests/model/test_raced.o $(RACED_OBJ)
	$(CC) $(CHECK_CFLAGS) -o $@ $^ -lcmocka
$(B)/check/tests/model/test_%: $(B)/check/tests/model/test_%.o $(MODEL_OBJ) $(VMMU_OBJ)
	$(CC) $(CHECK_CFLAGS) -o $@ $^ -lcmocka
$(B)/check/tests/unit/tools/%: $(B)/check/tests/unit/tools/%.o $(TOOLS_OBJ)
	$(CC) $(CHECK_CFLAGS) -o $@ $^ -lcmocka $(TOOL_LIBS)
$(B)/check/tests/unit/lib/%: $(B)/check/tests/unit/lib/%.o $(LIB_OBJ)
	$(CC) $(CHECK_CFLAGS) -o $@ $^ -lcmocka
$(GUEST_ARCHIVE): $(GUEST_CHECK_OBJ)
	rm -f $@ && ar qcs $@ $^
$(B)/check/tests/unit/guest/%: $(B)/check/tests/unit/guest/%.o $(GUEST_ARCHIVE)
	$(CC) $(CHECK_CFLAGS) -o $@ $^ -lcmocka
$(B)/check/tests/unit/%: $(B)/check/tests/unit/%.o $(HV_ARCHIVE) $(LIB_OBJ)
	$(CC) $(CHECK_CFLAGS) -o $@ $< $(LIB_OBJ) $(HV_ARCHIVE) -lcmocka -lZydis
$(HV_ARCHIVE): $(HV_CHECK_OBJ)
	rm -f $@ && ar rcs $@ $(HV_CHECK_OBJ)
# The races once more, watched by ThreadSanitizer, which does not go together with the others.
TSAN_CFLAGS := $(COMMON) -O1 -D_GNU_SOURCE -fsanitize=thread -pthread \
	$(if $(findstring clang,$(CC)),,-Wno-tsan) # fences, around what only guests read
TSAN_OBJ := $(patsubst %.c,$(B)/tsan/%.o,tests/model/test_raced.c tests/model/threads_port.c \
	tests/model/races.c $(wildcard vmmu/*.c))
$(B)/tsan/%.o: %.c $(B)/compiler
	@mkdir -p $(@D)
	$(CC) $(TSAN_CFLAGS) -c -o $@ $<
$(B)/tsan/test_raced: $(TSAN_OBJ)
	$(CC) $(TSAN_CFLAGS) -o $@ $^
$(B)/tsan/test_sched: $(patsubst %.c,$(B)/tsan/%.o,tests/unit/sched/test_threads.c \
	hypervisor/cpu/kick.c lib/lock.c $(wildcard hypervisor/sched/*.c))
	$(CC) $(TSAN_CFLAGS) -o $@ $^
check-build: $(CHECK_BIN)
check: ## build and run the unit tests (seconds, no QEMU)
	@$(MAKE) --no-print-directory --output-sync=target --keep-going --silent check-build || true
	@tests/run unit model
coverage: ## which lines and branches of vmmu/ the tests of the engine reach
	@tests/coverage

# ---- the yardstick: bench/ ---------------------------------------------------------------------------
BENCH_HOST := $(COMMON) -D_GNU_SOURCE
BENCH_PLUGIN := $(patsubst %.c,$(B)/plugin/%.o,$(wildcard bench/plugin/*.c))
BENCH_GUEST := $(patsubst %.c,$(B)/host/%.o,$(wildcard bench/guest/*.c))

$(B)/plugin/%.o: %.c $(B)/compiler
	@mkdir -p $(@D)
	$(CC) $(BENCH_HOST) -fPIC -fvisibility=hidden -c -o $@ $<
$(B)/bench/count.so: $(BENCH_PLUGIN)
	@mkdir -p $(@D)
	$(CC) -shared -o $@ $^
$(B)/bench/guest: $(BENCH_GUEST)
	@mkdir -p $(@D)
	$(CC) -static -o $@ $^
$(B)/bench/ramdisk.cpio: $(B)/bench/guest bench/make-ramdisk
	bench/make-ramdisk $@ $<
$(B)/bench/unpack-kernel: $(B)/host/bench/unpack-kernel.o $(filter-out %/tools/main.o,$(TOOL_OBJ))
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(TOOL_LIBS)
$(B)/bench/vmlinux: $(B)/vmlinuz $(B)/bench/unpack-kernel
	$(B)/bench/unpack-kernel $< >$@.new && mv $@.new $@
# The engine natively, compiled as in the hypervisor.
BENCH_LTO := $(filter -flto%,$(HV_CFLAGS))
BENCH_VMMU := $(patsubst %.c,$(B)/bench/engine-%.o,$(wildcard vmmu/*.c))
$(B)/bench/engine-%.o: %.c $(B)/compiler
	@mkdir -p $(@D)
	$(CC) $(BENCH_HOST) $(BENCH_LTO) -fno-strict-aliasing -mgeneral-regs-only -c -o $@ $<
$(B)/bench/engine: $(BENCH_VMMU) $(patsubst %.c,$(B)/host/%.o,$(wildcard bench/engine/*.c))
	@mkdir -p $(@D)
	$(CC) -O2 $(BENCH_LTO) -o $@ $^ -pthread
# Several CPUs at once: a kernel, and what counts on each CPU.
$(B)/bench/scale.elf: $(B)/guests/bench/scale/guest.o $(B)/libguest-pv.a $(wildcard guest/*.lds)
	@mkdir -p $(@D)
	$(CC) -o $@ $< $(B)/libguest-pv.a $(LIBGUEST_LINK)
$(B)/bench/scale.so: $(B)/plugin/bench/scale/plugin.o
	@mkdir -p $(@D)
	$(CC) -shared -o $@ $^
$(B)/bench/xen: bench/fetch-xen
	@mkdir -p $(@D)
	bench/fetch-xen $(@D)
bench-scale: all $(addprefix $(B)/bench/,scale.so scale.elf)
bench-guard: all $(addprefix $(B)/bench/,count.so ramdisk.cpio vmlinux)
bench-build: bench-guard bench-scale $(addprefix $(B)/bench/,xen engine)
bench: ## the same Linux on the bare machine, on Xen and on Pinion; several CPUs; the engine alone: what each operation costs
	@tools/install
	@$(MAKE) --no-print-directory --silent bench-build
	@bench/run
	@bench/collect bare xen pinion >$(B)/bench/linux.json && mv $(B)/bench/linux.json bench/results/
	@bench/engine/run
	@bench/scale/run
	@bench/draw

# ---- everything -----------------------------------------------------------------------------------
run: ## install what is missing, build, boot a stock Linux on Pinion; KERNEL=FILE boots another
	@KERNEL='$(KERNEL)' tools/run-demo
test: ## install what is missing, run every test
	@tools/install
	@echo 'pinion: building everything that is tested'
	@$(MAKE) --no-print-directory --output-sync=target --keep-going --silent all guests check-build images bench-guard bench-scale || true
	@$(MAKE) --no-print-directory --output-sync=target --keep-going --silent CC=clang B=$(B)/clang all guests || true
	@MODEL_OPERATIONS=3000000 MODEL_DEEPER=1 MODEL_SECONDS=1 tests/run unit model lint guests system
fuzz: ## fuzz the engine and every parser of guest data for hours: FUZZ_SECONDS=N (7200)
	@tools/install
	@tests/fuzz/run $(or $(FUZZ_SECONDS),7200)
conformance: ## small kernels on Pinion, on Debian's Xen and on the bare machine; random calls on both
	@tools/install
	@echo 'pinion: building everything that is compared'
	@$(MAKE) --no-print-directory --output-sync=target --keep-going --silent all guests kernels || true
	@tests/conformance
lint: ## includes, lengths, headings, format; builds with gcc and with clang
	@tests/lint/run
format: ## put the C files into their format
	clang-format-16 -i $(wildcard lib/*.[ch] vmmu/*.[ch] hypervisor/*.[ch] hypervisor/*/*.[ch] \
	  guest/*.[ch] tools/*.[ch] tools/demo/*.[ch] bench/*.[ch] bench/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch])
clean: ## remove what was built
	rm -rf $(B)
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 10

FORCE:
.SECONDARY:
.PHONY: all images coverage fuzz bench bench-build bench-guard bench-scale guests kernels check check-build run test conformance lint format clean help FORCE
-include $(shell find $(B) -name '*.d' 2>/dev/null)

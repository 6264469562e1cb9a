# SPDX-License-Identifier: MIT
# The yardsticks of bench/: the plugins that count, and the programs that are counted.
PLUGIN_CFLAGS := $(HOST_CFLAGS) -fPIC -fvisibility=hidden
PLUGIN_OBJ := $(patsubst %.c,$(B)/plugin/%.o,$(wildcard bench/plugin/*.c))
BENCH_GUEST := $(patsubst %.c,$(B)/host/%.o,$(wildcard bench/guest/*.c))
# The engine natively, compiled as in the hypervisor.
BENCH_LTO := $(filter -flto%,$(HV_CFLAGS))
ENGINE_CFLAGS := $(HOST_CFLAGS) $(BENCH_LTO) -fno-strict-aliasing -mgeneral-regs-only
ENGINE_LDFLAGS := -O2 $(BENCH_LTO) -pthread
ENGINE_OBJ := $(patsubst %.c,$(B)/engine/%.o,$(wildcard vmmu/*.c)) \
	$(patsubst %.c,$(B)/host/%.o,$(wildcard bench/engine/*.c))
# Several CPUs at once: a kernel, and what counts on each CPU.
SCALE_GUEST := $(B)/guests/bench/scale/guest.o $(B)/libguest-pv.a
SCALE_PLUGIN := $(B)/plugin/bench/scale/plugin.o

$(eval $(call compiled,plugin,PLUGIN_CFLAGS))
$(eval $(call compiled,engine,ENGINE_CFLAGS))
$(B)/bench/count.so: $(PLUGIN_OBJ) $(call stamp,count.so,$(PLUGIN_OBJ))
	$(CC) -shared -o $@ $(PLUGIN_OBJ)
$(B)/bench/guest: $(BENCH_GUEST) $(call stamp,bench-guest,$(BENCH_GUEST))
	$(CC) -static -o $@ $(BENCH_GUEST)
$(B)/bench/ramdisk.cpio: $(B)/bench/guest bench/make-ramdisk
	bench/make-ramdisk $@ $<
$(B)/bench/vmlinux: $(B)/vmlinuz $(B)/unpack-kernel
	$(B)/unpack-kernel $< $@
# Two processes on two CPUs.
PAIR_OBJ := $(B)/host/bench/pair/main.o
$(B)/bench/pair-guest: $(PAIR_OBJ) $(call stamp,bench-pair,$(PAIR_OBJ))
	$(CC) -static -o $@ $(PAIR_OBJ)
$(B)/bench/pair.cpio: $(B)/bench/pair-guest bench/make-ramdisk
	bench/make-ramdisk $@ $<
bench-pair-build: all $(addprefix $(B)/bench/,dom0.so pair.cpio vmlinux xen)
.PHONY: bench-pair-build
$(B)/bench/engine: $(ENGINE_OBJ) $(call stamp,bench-engine,$(ENGINE_LDFLAGS) $(ENGINE_OBJ))
	$(CC) $(ENGINE_LDFLAGS) -o $@ $(ENGINE_OBJ)
$(B)/bench/scale.elf: $(SCALE_GUEST) $(KERNEL_LDS) $(KERNEL_STAMP)
	$(CC) -o $@ $(SCALE_GUEST) $(KERNEL_LDFLAGS)
$(B)/bench/scale.so: $(SCALE_PLUGIN) $(call stamp,scale.so,$(SCALE_PLUGIN))
	$(CC) -shared -o $@ $(SCALE_PLUGIN)
$(B)/bench/xen: bench/fetch-xen
	bench/fetch-xen $(@D)
bench-scale: all $(addprefix $(B)/bench/,scale.so scale.elf)
bench-guard: all $(addprefix $(B)/bench/,count.so ramdisk.cpio vmlinux)
bench-build: bench-guard bench-scale bench-pair-build $(addprefix $(B)/bench/,xen engine)
.PHONY: bench-scale bench-guard bench-build
# A Debian as dom0, on Xen and on Pinion.
$(B)/bench/dom0.so: $(B)/plugin/bench/dom0/plugin.o $(call stamp,dom0.so,)
	$(CC) -shared -o $@ $<
$(B)/bench/mark: $(B)/host/bench/dom0/mark.o $(call stamp,mark,)
	$(CC) -static -o $@ $<
$(B)/bench/memory: $(B)/host/bench/dom0/memory.o $(call stamp,memory,)
	$(CC) -o $@ $< -lxenctrl
bench-dom0-build: all $(B)/dom0.img $(DOM0)/initrd.cpio $(DOM0)/work.img $(addprefix $(B)/bench/,dom0.so mark memory xen)
.PHONY: bench-dom0-build
# From the entry to dom0's first instruction, by GRUB.
$(B)/bench/boot.so: $(B)/plugin/bench/boot/plugin.o $(call stamp,boot.so,)
	$(CC) -shared -o $@ $<
bench-boot-build: all xen-image $(DOM0)/vmlinux $(DOM0)/initrd.cpio $(addprefix $(B)/bench/,boot.so xen)
.PHONY: bench-boot-build
# Misses of a TLB: a Bochs with our model in it. Its makefiles find out themselves what has changed.
TLB_SOURCES := $(wildcard bench/tlb/*.[ch] bench/tlb/bochs/*) bench/who.h bench/markers.h $(wildcard bench/*.def)
$(B)/bench/tlb/bochs: bench/tlb/make-bochs $(TLB_SOURCES)
	bench/tlb/make-bochs $(@D)
bench-tlb-guard: all $(addprefix $(B)/bench/,tlb/bochs ramdisk.cpio vmlinux)
bench-tlb-build: bench-tlb-guard $(B)/bench/xen
.PHONY: bench-tlb-guard bench-tlb-build

# SPDX-License-Identifier: MIT
# The hypervisor: freestanding; linked high, moved into place by its own boot code.

# HV_FIRST: where a test has headers that take the place of ours.
HV_CFLAGS := $(HV_FIRST) $(COMMON) -I$(B) -fpie -mcmodel=small -fvisibility=hidden -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -ffreestanding \
	-fno-common -fno-strict-aliasing -fno-jump-tables -ffunction-sections -fdata-sections \
	-include lib/hidden.h $(if $(findstring clang,$(CC)),,-flto=auto)
# One partition: within one, GCC knows for each call which registers the callee leaves unchanged. With
# several, the order of the files decides what is in which, so that moving a file changes the instruction
# counts of others.
HV_LDS := hypervisor/boot/pinion.lds
HV_LDFLAGS := -nostdlib -static -Wl,-T,$(HV_LDS) -Wl,--gc-sections \
	-Wl,--build-id=none -Wl,--no-relax -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments \
	$(if $(findstring clang,$(CC)),,-flto-partition=one)
HV_SRC := $(filter-out hypervisor/unpack/%,$(wildcard lib/*.c vmmu/*.c hypervisor/*.c hypervisor/*/*.c hypervisor/*/*/*.c))
HV_ASM := $(wildcard hypervisor/*/*.S)
HV_OBJ := $(HV_SRC:%.c=$(B)/hv/%.o) $(HV_ASM:%.S=$(B)/hv/%.S.o)

$(eval $(call compiled,hv,HV_CFLAGS))
# The screen's font: the glyphs of one of the distribution's.
$(B)/font/glyphs: tools/take-font | packages
	tools/take-font $@
$(B)/hv/hypervisor/screen/font.S.o: $(B)/font/glyphs
$(B)/pinion.elf: $(HV_OBJ) $(B)/unpack.o $(HV_LDS) $(call stamp,pinion.elf,$(HV_CFLAGS) $(HV_LDFLAGS) $(HV_OBJ))
	$(CC) $(filter-out -MMD -MP,$(HV_CFLAGS)) $(HV_LDFLAGS) -Wl,-Map,$(B)/pinion.map -o $@ $(HV_OBJ) $(B)/unpack.o
# The commands for gdb, where gdb looks for them.
$(B)/pinion.elf-gdb.py: tools/gdb/pinion.py $(B)/pinion.elf
	cp $< $@
$(B)/pinion.bin: $(B)/pinion.elf
	objcopy -O binary $< $@
# As it is installed for GRUB, which unpacks it: without symbols, which GRUB would load into memory.
$(B)/xen-pinion.gz: $(B)/pinion.elf
	strip -o $(@:.gz=) $< && gzip -9nf $(@:.gz=)
xen-image: $(B)/xen-pinion.gz
.PHONY: xen-image

# SPDX-License-Identifier: MIT
# Pinion's build. `make help` lists the targets.
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
B := build

WARN := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla
COMMON := -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP

# ---- the hypervisor: freestanding, position-independent so that it may live anywhere ------------
HV_CFLAGS := $(COMMON) -ffreestanding -fno-pic -mcmodel=large -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing -fcf-protection=none \
	-ffunction-sections -fdata-sections -fno-common
HV_SRC := $(wildcard lib/*.c vmmu/*.c hypervisor/*.c hypervisor/*/*.c)
HV_ASM := $(wildcard hypervisor/*/*.S)
HV_OBJ := $(HV_SRC:%.c=$(B)/hv/%.o) $(HV_ASM:%.S=$(B)/hv/%.S.o)

all: $(B)/pinion.bin $(B)/pinion

$(B)/hv/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(HV_CFLAGS) -c -o $@ $<
$(B)/hv/%.S.o: %.S
	@mkdir -p $(@D)
	$(CC) $(HV_CFLAGS) -D__ASSEMBLY__ -c -o $@ $<
$(B)/pinion.elf: $(HV_OBJ) hypervisor/boot/pinion.lds
	$(CC) -nostdlib -static -no-pie -Wl,-T,hypervisor/boot/pinion.lds -Wl,--gc-sections \
	  -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-Map,$(B)/pinion.map -o $@ $(HV_OBJ)
$(B)/pinion.bin: $(B)/pinion.elf
	objcopy -O binary $< $@

# ---- the host command --------------------------------------------------------------------------
TOOL_SRC := $(wildcard tools/*.c) lib/pvimage.c
TOOL_OBJ := $(TOOL_SRC:%.c=$(B)/host/%.o)
$(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(COMMON) -D_GNU_SOURCE -c -o $@ $<
$(B)/pinion: $(TOOL_OBJ)
	$(CC) -o $@ $(TOOL_OBJ) -lz -llzma -lzstd -llz4

clean:
	rm -rf $(B)

.PHONY: all clean
-include $(shell find $(B) -name '*.d' 2>/dev/null)

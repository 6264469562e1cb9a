# SPDX-License-Identifier: MIT
# Test guests: one small PV kernel each.
GUEST_CFLAGS := $(COMMON) -mcmodel=large -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -ffreestanding \
	-fno-strict-aliasing -fno-jump-tables -Wno-missing-prototypes
GUEST_LDFLAGS := -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments
GUEST_COMMON := $(patsubst %.c,$(B)/guests/%.o,$(wildcard tests/guests/common/*.c)) \
	$(patsubst %.S,$(B)/guests/%.S.o,$(wildcard tests/guests/common/*.S)) \
	$(patsubst %,$(B)/guests/%.o,lib/string lib/print guest/console guest/pv/console guest/pv/hypercall.S)
# A test may have a linker script of its own beside it.
GUEST_LDS := $(wildcard guest/*.lds tests/guests/common/*.lds tests/guests/*.lds)
GUESTS := $(patsubst tests/guests/%.c,$(B)/guests/%.elf,$(wildcard tests/guests/*.c))

$(eval $(call compiled,guests,GUEST_CFLAGS))
$(B)/guests/%.elf: $(B)/guests/tests/guests/%.o $(GUEST_COMMON) $(GUEST_LDS) \
		$(call stamp,guests.elf,$(GUEST_LDFLAGS) $(GUEST_COMMON) $(GUEST_LDS))
	$(CC) $(GUEST_LDFLAGS) -o $@ $< $(GUEST_COMMON) \
	  -Wl,-T,$(or $(wildcard tests/guests/$*.lds),tests/guests/common/guest.lds)
guests: $(GUESTS)
.PHONY: guests

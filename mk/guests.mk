# SPDX-License-Identifier: MIT
# Test guests: one small PV kernel each, of one file or of a file and a folder.
GUEST_CFLAGS := $(COMMON) -mcmodel=large -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -ffreestanding \
	-fno-strict-aliasing -fno-jump-tables -Wno-missing-prototypes
GUEST_LDFLAGS := -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments
GUEST_COMMON := $(patsubst %.c,$(B)/guests/%.o,$(wildcard tests/guests/common/*.c)) \
	$(filter-out %/start.S.o,$(patsubst %.S,$(B)/guests/%.S.o,$(wildcard tests/guests/common/*.S))) \
	$(patsubst %,$(B)/guests/%.o,lib/string lib/print guest/console guest/pv/console guest/pv/hypercall.S)
# A test may have a linker script of its own beside it, and options for the linker, GUEST_LDFLAGS_NAME.
# The offset of a segment is its address modulo this size: that of test_bss_segment's .bss is beyond the file's end.
GUEST_LDFLAGS_test_bss_segment := -Wl,-z,max-page-size=0x100000
GUEST_LDS := $(wildcard guest/*.lds tests/guests/common/*.lds tests/guests/*.lds)
GUESTS := $(patsubst tests/guests/%.c,$(B)/guests/%.elf,$(wildcard tests/guests/*.c))

# What they share is an archive, from which each gets what it uses.
GUEST_START := $(B)/guests/tests/guests/common/start.S.o
GUEST_SHARED := $(B)/guests/common.a

$(eval $(call compiled,guests,GUEST_CFLAGS))
$(GUEST_SHARED): $(GUEST_COMMON) $(call stamp,guests-common.a,$(GUEST_COMMON))
	rm -f $@ && ar qcs $@ $(GUEST_COMMON)

# $(eval $(call guest,NAME,OBJECTS)): the guest NAME is linked from tests/guests/NAME.c and tests/guests/NAME/*.c.
guest-objects = $(patsubst %.c,$(B)/guests/%.o,tests/guests/$(1).c $(wildcard tests/guests/$(1)/*.c))
define guest
$(B)/guests/$(1).elf: $(2) $(GUEST_START) $(GUEST_SHARED) $(GUEST_LDS) \
		$(call stamp,guest-$(1),$(GUEST_LDFLAGS) $(GUEST_LDFLAGS_$(1)) $(2) $(GUEST_LDS))
	$$(CC) $(GUEST_LDFLAGS) $(GUEST_LDFLAGS_$(1)) -o $$@ $(2) $(GUEST_START) $(GUEST_SHARED) \
	  -Wl,-T,$(or $(wildcard tests/guests/$(1).lds),tests/guests/common/guest.lds)
endef
$(foreach name,$(GUESTS:$(B)/guests/%.elf=%),$(eval $(call guest,$(name),$(call guest-objects,$(name)))))
guests: $(GUESTS)
.PHONY: guests

# SPDX-License-Identifier: MIT
# The guest library and its kernels: each on Pinion or Xen (pv) and on the bare machine (native).
KERNELS := $(patsubst guest/kernels/%.c,%,$(wildcard guest/kernels/*.c))
KERNEL_LDS := $(wildcard guest/*.lds)
KERNEL_LDFLAGS := $(GUEST_LDFLAGS) -Wl,-T,guest/kernel.lds
LIBGUEST_COMMON := lib/string.c lib/print.c $(wildcard guest/*.c guest/*.S guest/kernels/*/*.c)
libguest-objects = $(patsubst %,$(B)/guests/%.o,$(basename $(filter %.c,$(1))) $(filter %.S,$(1)))
LIBGUEST_PV := $(call libguest-objects,$(LIBGUEST_COMMON) $(wildcard guest/pv/*.c guest/pv/*.S))
LIBGUEST_NATIVE := $(call libguest-objects,$(LIBGUEST_COMMON) $(wildcard guest/native/*.c guest/native/*.S))

$(B)/libguest-pv.a: $(LIBGUEST_PV) $(call stamp,libguest-pv.a,$(LIBGUEST_PV))
	rm -f $@ && ar qcs $@ $(LIBGUEST_PV)
$(B)/libguest-native.a: $(LIBGUEST_NATIVE) $(call stamp,libguest-native.a,$(LIBGUEST_NATIVE))
	rm -f $@ && ar qcs $@ $(LIBGUEST_NATIVE)
KERNEL_STAMP := $(call stamp,kernels,$(KERNEL_LDFLAGS) $(KERNEL_LDS))
$(B)/kernels/%.pv.elf: $(B)/guests/guest/kernels/%.o $(B)/libguest-pv.a $(KERNEL_LDS) $(KERNEL_STAMP)
	$(CC) -o $@ $< $(B)/libguest-pv.a $(KERNEL_LDFLAGS)
$(B)/kernels/%.native.elf: $(B)/guests/guest/kernels/%.o $(B)/libguest-native.a $(KERNEL_LDS) $(KERNEL_STAMP)
	$(CC) -o $@ $< $(B)/libguest-native.a $(KERNEL_LDFLAGS)
$(B)/kernels/%.native.bin: $(B)/kernels/%.native.elf
	objcopy -O binary $< $@
kernels: $(foreach k,$(KERNELS),$(B)/kernels/$(k).pv.elf $(B)/kernels/$(k).native.bin)
.PHONY: kernels

# SPDX-License-Identifier: MIT
# What `make run` and the system tests put into a guest: the distribution's kernel, and ramdisks.
DEMO_OBJ := $(patsubst %.c,$(B)/host/%.o,$(wildcard tools/demo/*.c))
DEMO_LDFLAGS := -static
TORTURE_OBJ := $(B)/host/tests/system/torture/torture.o
TORTURE_LDFLAGS := -static -pthread

$(B)/demo: $(DEMO_OBJ) $(call stamp,demo,$(DEMO_LDFLAGS) $(DEMO_OBJ))
	$(CC) $(DEMO_LDFLAGS) -o $@ $(DEMO_OBJ)
$(B)/initramfs.cpio: $(B)/demo tools/demo/init tools/demo/make-initramfs
	tools/demo/make-initramfs $@ $(B)/demo tools/demo/init
$(B)/vmlinuz: tools/fetch-kernel
	tools/fetch-kernel $(B)
$(B)/torture: $(TORTURE_OBJ) $(call stamp,torture,$(TORTURE_LDFLAGS) $(TORTURE_OBJ))
	$(CC) $(TORTURE_LDFLAGS) -o $@ $(TORTURE_OBJ)
$(B)/torture.cpio: $(B)/torture tests/system/torture/init tools/demo/make-initramfs
	tools/demo/make-initramfs $@ $(B)/torture tests/system/torture/init
images: all $(B)/initramfs.cpio $(B)/torture.cpio $(B)/vmlinuz
.PHONY: images

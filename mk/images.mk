# SPDX-License-Identifier: MIT
# What `make run` and the system tests put into a guest: the distribution's kernel, and ramdisks.
DEMO_OBJ := $(patsubst %.c,$(B)/host/%.o,$(wildcard tools/demo/*.c))
DEMO_LDFLAGS := -static
TORTURE_OBJ := $(B)/host/tests/system/torture/torture.o
TORTURE_LDFLAGS := -static -pthread
ENTRIES_OBJ := $(patsubst %.c,$(B)/host/%.o,$(wildcard tests/system/entries/*.c))
ENTRIES_LDFLAGS := -static

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
# Without a C library, so that no 32-bit one is needed.
PORTS_CFLAGS := -std=gnu11 -O2 $(WARN) -ffreestanding -nostdlib -static -fno-pie -no-pie \
	-fno-stack-protector -fcf-protection=none
$(B)/ports64 $(B)/ports32: $(B)/ports%: tests/system/ports/ports.c $(call stamp,ports,$(PORTS_CFLAGS)) | packages
	$(CC) $(PORTS_CFLAGS) -m$* -o $@ $<
$(B)/ports.cpio: $(B)/ports64 $(B)/ports32 tests/system/ports/init tools/demo/make-initramfs
	tools/demo/make-initramfs $@ $(B)/ports64 tests/system/ports/init $(B)/ports32
$(B)/entries: $(ENTRIES_OBJ) $(call stamp,entries,$(ENTRIES_LDFLAGS) $(ENTRIES_OBJ))
	$(CC) $(ENTRIES_LDFLAGS) -o $@ $(ENTRIES_OBJ)
$(B)/entries.cpio: $(B)/entries tests/system/entries/init tools/demo/make-initramfs
	tools/demo/make-initramfs $@ $(B)/entries tests/system/entries/init
$(B)/read_screen: $(B)/host/tests/system/screen/read_screen.o $(B)/font/glyphs
	$(CC) -o $@ $<
# What roots map, in a dump of a machine's memory.
$(B)/canary-walk: $(B)/host/tests/system/canary/walk.o
	$(CC) -o $@ $<
canary-walk: $(B)/canary-walk
.PHONY: canary-walk
screen-reader: $(B)/read_screen
.PHONY: screen-reader
images: all $(addprefix $(B)/,initramfs.cpio torture.cpio ports.cpio entries.cpio vmlinuz)
.PHONY: images

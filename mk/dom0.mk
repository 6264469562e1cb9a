# SPDX-License-Identifier: MIT
# dom0's disk image, a guest's, their kernel and their initial ramdisks: what `make run-dom0` and tests/system/test_dom0.sh boot.
DOM0 := $(B)/dom0
DOM0_MODULES := ext4 crc32c_generic virtio_pci virtio_blk virtio_net virtio_scsi sd_mod nvme ahci ata_piix e1000 e1000e
GUEST_MODULES := ext4 crc32c_generic xen-blkfront xen-netfront

$(DOM0)/root.tar: tools/dom0/make-root tools/dom0/packages.txt tools/dom0/progress
	@mkdir -p $(@D)
	tools/dom0/make-root dom0 $@
$(DOM0)/guest.tar: tools/dom0/make-root tools/dom0/progress
	@mkdir -p $(@D)
	tools/dom0/make-root guest $@
# The kernel and the modules of a root file system, and the initial ramdisks of a dom0 and of its guests.
define boot_files # FOLDER with root.tar, MODULES of dom0
$(1)/vmlinuz: $(1)/root.tar tools/dom0/take-kernel
	tools/dom0/take-kernel $$< $(1)
$(1)/initrd.cpio: $(1)/vmlinuz tools/dom0/make-initramfs tools/dom0/initramfs-init
	tools/dom0/make-initramfs $$@ tools/dom0/initramfs-init $(1)/modules $(2)
$(1)/guest-initrd.cpio: $(1)/vmlinuz tools/dom0/make-initramfs tools/dom0/initramfs-init
	tools/dom0/make-initramfs $$@ tools/dom0/initramfs-init $(1)/modules $(GUEST_MODULES)
endef
$(eval $(call boot_files,$(DOM0),$(DOM0_MODULES)))
$(DOM0)/guest.img: tools/dom0/make-guest tools/dom0/guest-init $(DOM0)/guest.tar
	tools/dom0/make-guest $@ 512 tools/dom0/guest-init $(DOM0)/guest.tar
$(DOM0)/small.img: tools/dom0/make-guest tools/dom0/guest-init
	@mkdir -p $(@D)
	tools/dom0/make-guest $@ 64 tools/dom0/guest-init
$(B)/dom0.img: tools/dom0/make-image $(DOM0)/root.tar $(DOM0)/guest.img $(DOM0)/guest-initrd.cpio $(DOM0)/vmlinuz \
  $(wildcard tools/dom0/guests/*) $(shell find tools/dom0/files -type f) tools/grafana/pinion.json tools/completion/pinion
	tools/dom0/make-image $@ 3072 $(DOM0)/root.tar $(DOM0)/vmlinuz $(DOM0)/guest-initrd.cpio $(DOM0)/guest.img \
	  tools/dom0/guests/*
# Another release's kernel, for the same root: with those modules that Xen's services ask for.
BACKEND_MODULES := loop bridge xen-blkback xen-netback xenfs xen-privcmd xen-evtchn xen-gntdev xen-gntalloc xen-acpi-processor
.PRECIOUS: $(B)/kernel-%/vmlinuz
$(B)/kernel-%/vmlinuz: tools/dom0/fetch-kernel
	tools/dom0/fetch-kernel $* $(@D)
$(B)/kernel-%/initrd.cpio: $(B)/kernel-%/vmlinuz tools/dom0/make-initramfs tools/dom0/initramfs-init
	tools/dom0/make-initramfs $@ tools/dom0/initramfs-init $(@D)/modules $(DOM0_MODULES) $(BACKEND_MODULES)
# The initial ramdisk of `make run-dom0`, with the demonstration, its unit for systemd, and the command `pinion`, a
# change of which then needs no new disk.
$(DOM0)/demonstration.cpio: $(DOM0)/vmlinuz tools/dom0/make-initramfs tools/dom0/initramfs-init tools/dom0/demonstration \
  $(wildcard tools/dom0/units/*) $(B)/pinion
	tools/dom0/make-initramfs $@ tools/dom0/initramfs-init $(DOM0)/modules $(DOM0_MODULES) -- \
	  tools/dom0/demonstration tools/dom0/units $(B)/pinion
DOM0_IMAGE := $(B)/dom0.img $(DOM0)/initrd.cpio $(DOM0)/demonstration.cpio

# For the tests: an unpacked kernel, which xl need not unpack again for each guest.
$(DOM0)/vmlinux: $(DOM0)/vmlinuz $(B)/unpack-kernel
	$(B)/unpack-kernel $< $@
DOM0_KERNELS := $(patsubst %,$(B)/guests/%.elf,test_pin test_grant blocked canary)
$(DOM0)/work.img: tests/system/dom0/make-work $(addprefix $(DOM0)/,vmlinux guest-initrd.cpio small.img) $(DOM0_KERNELS)
	tests/system/dom0/make-work $@ 2048 vmlinux=$(DOM0)/vmlinux initrd.cpio=$(DOM0)/guest-initrd.cpio \
	  small.img=$(DOM0)/small.img $(foreach k,$(DOM0_KERNELS),kernels/$(notdir $(k))=$(k))
dom0-test: $(B)/dom0.img $(DOM0)/initrd.cpio $(DOM0)/work.img $(B)/pinion
.PHONY: dom0-test

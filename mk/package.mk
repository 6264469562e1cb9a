# SPDX-License-Identifier: MIT
# The Debian packages, made from a copy of the sources, so that nothing is left in the tree; what is compiled is
# not compiled again. The version stands at the top of debian/changelog, and only there.
PACKAGE := $(B)/package
PACKAGE_VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
PACKAGES := $(patsubst %,$(PACKAGE)/%_$(PACKAGE_VERSION)_amd64.deb,pinion-hypervisor pinion-tools)
PACKAGE_FROM := $(shell find debian tools/package tools/completion tools/grafana -type f) $(wildcard tools/*.[17]) \
	docs/dom0.md docs/install.md CHANGELOG.md

$(PACKAGES) &: tools/package/make-packages $(PACKAGE_FROM) \
  $(addprefix $(B)/,xen-pinion.gz unpack-kernel pinion.bin pinion)
	tools/package/make-packages $(PACKAGE) $(abspath $(B))
packages-debian: $(PACKAGES)
# A small Debian with update-grub, in which they are installed, and Debian's Xen beside them.
$(PACKAGE)/root.tar: tools/dom0/make-root tools/dom0/progress
	@mkdir -p $(@D)
	tools/dom0/make-root grub $@
$(PACKAGE)/xen.deb: tools/package/fetch-xen
	@mkdir -p $(@D)
	tools/package/fetch-xen $(@D)
package-test: $(PACKAGES) $(PACKAGE)/root.tar $(PACKAGE)/xen.deb
.PHONY: packages-debian package-test

# A disk with all of it, for BIOS and UEFI.
IMAGE := $(B)/image
IMAGE_MODULES := $(DOM0_MODULES) usb-storage uas xhci-pci ehci-pci hv_storvsc vmw_pvscsi mptspi megaraid_sas mpt3sas mmc_block sdhci-pci
$(IMAGE)/root.tar: tools/dom0/make-root tools/dom0/packages.txt tools/image/packages.txt tools/dom0/progress
	@mkdir -p $(@D)
	tools/dom0/make-root image $@
$(eval $(call boot_files,$(IMAGE),$(IMAGE_MODULES)))
$(B)/pinion-debian.img: tools/image/make-image tools/image/make-disk tools/package/inside tools/package/grub-probe \
  $(shell find tools/image/files -type f) $(PACKAGES) $(addprefix $(IMAGE)/,root.tar initrd.cpio vmlinuz guest-initrd.cpio) \
  $(DOM0)/guest.img $(wildcard tools/image/guests/*)
	tools/image/make-image $@ $(IMAGE)/root.tar $(firstword $(PACKAGES)) $(IMAGE)/initrd.cpio \
	  $(addprefix $(IMAGE)/,vmlinuz guest-initrd.cpio) $(DOM0)/guest.img tools/image/guests/*
# A disc with guests in memory.
ISO_MODULES := xenfs xen-privcmd xen-evtchn xen-gntdev xen-gntalloc
$(B)/iso/initrd.cpio: $(DOM0)/vmlinuz tools/dom0/make-initramfs tools/iso/init
	@mkdir -p $(@D)
	tools/dom0/make-initramfs $@ tools/iso/init $(DOM0)/modules $(ISO_MODULES)
$(B)/pinion-demo.iso: tools/iso/make-iso $(B)/xen-pinion.gz $(DOM0)/root.tar $(DOM0)/vmlinuz $(B)/iso/initrd.cpio $(B)/initramfs.cpio
	tools/iso/make-iso $@ $(B)/xen-pinion.gz $(DOM0)/root.tar $(DOM0)/vmlinuz $(B)/iso/initrd.cpio $(B)/initramfs.cpio

# SPDX-License-Identifier: MIT
# The Debian packages, made from a copy of the sources, so that nothing is left in the tree; what is compiled is
# not compiled again. The version stands at the top of debian/changelog, and only there.
PACKAGE := $(B)/package
PACKAGE_VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
PACKAGES := $(patsubst %,$(PACKAGE)/%_$(PACKAGE_VERSION)_amd64.deb,pinion-hypervisor pinion-tools)
PACKAGE_FROM := $(shell find debian tools/package tools/completion -type f) $(wildcard tools/*.[17]) \
	docs/dom0.md docs/install.md CHANGELOG.md

$(PACKAGES) &: tools/package/make-packages $(PACKAGE_FROM) $(B)/xen-pinion.gz $(B)/pinion.bin $(B)/pinion
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

# SPDX-License-Identifier: MIT
# Stamps: files that hold what make does not compare by itself. There is one for each set of flags and one
# for each list of objects; what is compiled or linked depends on its stamp.
$(shell mkdir -p $(addprefix $(B)/,stamps kernels bench))
COMPILER := $(CC) $(shell $(CC) --version 2>/dev/null | head -n 1)

# $(call stamp,NAME,TEXT): the path of a file that holds the compiler and TEXT. It is written while the
# makefiles are read, and only when it held something else: then everything that depends on it is made anew.
stamp = $(B)/stamps/$(1)$(call write-stamp,$(B)/stamps/$(1),$(COMPILER): $(strip $(2)))
# GNU make 4.3 sometimes leaves the newline at the end of what it reads: hence strip.
write-stamp = $(if $(call differ,$(strip $(file <$(1))),$(strip $(2))),$(file >$(1),$(2)))
differ = $(subst x$(1)x,,x$(2)x)$(subst x$(2)x,,x$(1)x)

# $(eval $(call compiled,FOLDER,FLAGS)): how a C or assembly file becomes an object below $(B)/FOLDER, with the
# flags that the variable FLAGS holds.
define compiled
$(B)/$(1)/%.o: %.c $(call stamp,$(1),$($(2))) | packages
	@mkdir -p $$(@D)
	$$(CC) $$($(2)) -c -o $$@ $$<
$(B)/$(1)/%.S.o: %.S $(call stamp,$(1),$($(2))) | packages
	@mkdir -p $$(@D)
	$$(CC) $$($(2)) -D__ASSEMBLY__ -c -o $$@ $$<
endef

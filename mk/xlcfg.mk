# SPDX-License-Identifier: MIT
# What the comparison with Debian's xl runs: our reading of files, the files, and a library that stands in for
# the hypervisor under xl.
XLCFG_FLAGS := $(HOST_CFLAGS) -fPIC
XLCFG_READ := $(B)/host/tests/xlcfg/read_files.o $(filter-out %/tools/main.o,$(TOOL_OBJ))
XLCFG_MAKE := $(B)/host/tests/xlcfg/make_files.o
XLCFG_NO_XEN := $(B)/xlcfg/tests/xlcfg/no_xen.o

$(eval $(call compiled,xlcfg,XLCFG_FLAGS))
$(B)/xlcfg/read_files: $(XLCFG_READ) $(call stamp,xlcfg-read,$(XLCFG_READ) $(TOOL_LIBS))
	$(CC) -o $@ $(XLCFG_READ) $(TOOL_LIBS)
$(B)/xlcfg/make_files: $(XLCFG_MAKE) $(call stamp,xlcfg-make,$(XLCFG_MAKE))
	$(CC) -o $@ $(XLCFG_MAKE)
$(B)/xlcfg/no_xen.so: $(XLCFG_NO_XEN) $(call stamp,xlcfg-no-xen,$(XLCFG_NO_XEN))
	$(CC) -shared -o $@ $(XLCFG_NO_XEN)
xlcfg: $(addprefix $(B)/xlcfg/,read_files make_files no_xen.so)
.PHONY: xlcfg

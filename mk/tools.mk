# SPDX-License-Identifier: MIT
# The command `pinion`.
TOOL_SRC := $(wildcard tools/*.c) lib/pvimage.c lib/pvfeatures.c
TOOL_OBJ := $(TOOL_SRC:%.c=$(B)/host/%.o)
TOOL_LIBS := -pthread -lz -llzma -lzstd -llz4 -lxlutil -lxencall -lxenstore -lmicrohttpd -lncursesw -ltinfo
# What a packed kernel holds, for the package's copies of kernels and for measurements.
UNPACK_KERNEL_OBJ := $(patsubst %,$(B)/host/%.o,$(addprefix tools/,package/unpack-kernel kernel unpack buffer fail) lib/pvimage lib/pvfeatures)
UNPACK_KERNEL_LIBS := $(filter -lz -llzma -lzstd -llz4,$(TOOL_LIBS))

# The page of `pinion map` is part of the command.
$(B)/host/tools/map_page.o $(B)/check/tools/map_page.o: $(wildcard tools/map/page.* tools/map/*.js)

$(B)/pinion: $(TOOL_OBJ) $(call stamp,pinion,$(TOOL_OBJ) $(TOOL_LIBS))
	$(CC) -o $@ $(TOOL_OBJ) $(TOOL_LIBS)
$(B)/unpack-kernel: $(UNPACK_KERNEL_OBJ) $(call stamp,unpack-kernel,$(UNPACK_KERNEL_OBJ) $(UNPACK_KERNEL_LIBS))
	$(CC) -o $@ $(UNPACK_KERNEL_OBJ) $(UNPACK_KERNEL_LIBS)

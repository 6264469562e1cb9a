# SPDX-License-Identifier: MIT
# The command `pinion`.
TOOL_SRC := $(wildcard tools/*.c) lib/pvimage.c lib/pvfeatures.c
TOOL_OBJ := $(TOOL_SRC:%.c=$(B)/host/%.o)
TOOL_LIBS := -lz -llzma -lzstd -llz4 -lxlutil

$(B)/pinion: $(TOOL_OBJ) $(call stamp,pinion,$(TOOL_OBJ) $(TOOL_LIBS))
	$(CC) -o $@ $(TOOL_OBJ) $(TOOL_LIBS)

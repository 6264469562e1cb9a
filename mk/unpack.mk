# SPDX-License-Identifier: MIT
# The unpacker of kernels at boot: hypervisor/unpack/ with the static compression libraries, as one object whose
# sections have names of their own, and whose only global symbols are the function and the bounds of the
# constructors.
HV_UNPACK_CFLAGS := $(COMMON) -ffreestanding -fno-builtin $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns) -fPIE -fno-stack-protector -fcf-protection=none
HV_UNPACK_OBJ := $(patsubst %.c,$(B)/unpack/%.o,$(wildcard hypervisor/unpack/*.c))
HV_UNPACK_LIBS := lzma zstd z lz4

$(eval $(call compiled,unpack,HV_UNPACK_CFLAGS))
$(B)/unpack.o: $(HV_UNPACK_OBJ)
	ld -r --gc-sections -e unpack -u unpack -o $@.all $(HV_UNPACK_OBJ) \
	  --start-group $(foreach l,$(HV_UNPACK_LIBS),$(shell $(CC) -print-file-name=lib$l.a)) --end-group
	objcopy --prefix-alloc-sections=.unpack --keep-global-symbol=unpack --strip-debug --remove-section=.eh_frame $@.all $@
	rm -f $@.all

# SPDX-License-Identifier: MIT
# The engine's races and the scheduler's threads once more, watched by ThreadSanitizer, which does not go
# together with the sanitizers of mk/check.mk.
TSAN_CFLAGS := $(COMMON) -O1 -D_GNU_SOURCE -fsanitize=thread -pthread \
	$(if $(findstring clang,$(CC)),,-Wno-tsan) # fences, around what only guests read
TSAN_RACED := $(patsubst %.c,$(B)/tsan/%.o,tests/model/test_raced.c tests/model/threads_port.c lib/contexts.c \
	$(wildcard tests/model/races*.c vmmu/*.c))
TSAN_SCHED := $(patsubst %.c,$(B)/tsan/%.o,tests/unit/sched/test_threads.c tests/unit/sched/stack.c \
	hypervisor/cpu/kick.c hypervisor/domain/domain_table.c lib/lock.c tests/fuzz/shim_trace.c $(wildcard hypervisor/sched/*.c))

$(eval $(call compiled,tsan,TSAN_CFLAGS))
$(B)/tsan/test_raced: $(TSAN_RACED) $(call stamp,tsan-raced,$(TSAN_CFLAGS) $(TSAN_RACED))
	$(CC) $(TSAN_CFLAGS) -o $@ $(TSAN_RACED)
$(B)/tsan/test_sched: $(TSAN_SCHED) $(call stamp,tsan-sched,$(TSAN_CFLAGS) $(TSAN_SCHED))
	$(CC) $(TSAN_CFLAGS) -o $@ $(TSAN_SCHED)
tsan: $(B)/tsan/test_raced $(B)/tsan/test_sched
.PHONY: tsan

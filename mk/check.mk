# SPDX-License-Identifier: MIT
# Unit tests and the model: on the host, under sanitizers.
# tests/checked: headers that take the place of ours, and check more.
CHECK_CFLAGS := -Itests/checked $(COMMON) -I$(B) -O1 -D_GNU_SOURCE -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -pthread
CHECK_SRC := $(wildcard tests/unit/*/test_*.c tests/model/test_*.c)
CHECK_BIN := $(CHECK_SRC:%.c=$(B)/check/%)
# lib/string.c is for where there is no C library.
check-objects = $(patsubst %.c,$(B)/check/%.o,$(filter-out lib/string.c,$(wildcard $(1))))
LIB_OBJ := $(call check-objects,lib/*.c)
VMMU_OBJ := $(call check-objects,vmmu/*.c tests/machine/*.c lib/*.c)
# The races have ports of their own, without the fake machine.
RACED_OBJ := $(call check-objects,tests/model/races*.c tests/model/threads_port.c vmmu/*.c lib/*.c)
MODEL_OBJ := $(filter-out $(RACED_OBJ),$(call check-objects,$(filter-out tests/model/test_%,$(wildcard tests/model/*.c))))
TOOLS_OBJ := $(filter-out %/tools/main.o,$(call check-objects,tools/*.c lib/*.c))
ELF_OBJ := $(call check-objects,tests/unit/synthetic_elf.c)
# The guest library on a fake hypervisor, without what needs a real machine.
GUEST_ARCHIVE := $(B)/check/guest.a
GUEST_CHECK_OBJ := $(filter-out %/console.o %/kernel.o %/trap.o %/cpu.o %/event.o %/start.o %/refused.o, \
	$(call check-objects,guest/*.c guest/pv/*.c tests/unit/guest/fake*.c)) $(LIB_OBJ)
# The hypervisor as an archive: a test gets the objects that it needs and stands in for the rest.
comma := ,
HV_ARCHIVE := $(B)/check/hypervisor.a
HV_CHECK_OBJ := $(filter-out $(B)/check/hypervisor/unpack/%,$(call check-objects,hypervisor/*.c hypervisor/*/*.c hypervisor/*/*/*.c))

$(eval $(call compiled,check,CHECK_CFLAGS))
$(GUEST_ARCHIVE): $(GUEST_CHECK_OBJ) $(call stamp,check-guest.a,$(GUEST_CHECK_OBJ))
	rm -f $@ && ar qcs $@ $(GUEST_CHECK_OBJ)
$(HV_ARCHIVE): $(HV_CHECK_OBJ) $(call stamp,check-hypervisor.a,$(HV_CHECK_OBJ))
	rm -f $@ && ar rcs $@ $(HV_CHECK_OBJ)

# $(eval $(call unit-tests,PATH,NAME,OBJECTS,LIBRARIES)): how the tests whose path begins so are linked, of those
# that no earlier line has said it for; and the name of their stamp. These are explicit rules: among pattern
# rules make takes another one that matches while an object of the right one does not exist yet.
REMAINING := $(CHECK_BIN)
define unit-tests
$(or $(filter $(B)/check/$(1)%,$(REMAINING)),$(B)/check/none-$(2)): %: %.o $(3) $(call stamp,check-$(2),$(CHECK_CFLAGS) $(3) $(4))
	$$(CC) $$(CHECK_CFLAGS) -o $$@ $$< $(3) $(4)
REMAINING := $$(filter-out $(B)/check/$(1)%,$$(REMAINING))
endef
# The engine is compiled for one of its tests so that it can be left at each of its basic blocks.
STEPPED_CFLAGS := $(CHECK_CFLAGS) -fsanitize-coverage=trace-pc
NOT_STEPPED := vmmu/audit.c vmmu/engine.c vmmu/inspect.c # what only the test itself calls
STEPPED_OBJ := $(patsubst %.c,$(B)/stepped/%.o,$(filter-out $(NOT_STEPPED),$(wildcard vmmu/*.c))) \
	$(call check-objects,$(NOT_STEPPED) tests/machine/*.c lib/*.c)
$(eval $(call compiled,stepped,STEPPED_CFLAGS))
$(eval $(call unit-tests,tests/unit/vmmu/test_stepped,stepped,$(STEPPED_OBJ),-lcmocka))
$(eval $(call unit-tests,tests/unit/vmmu/,vmmu,$(VMMU_OBJ),-lcmocka))
$(eval $(call unit-tests,tests/model/test_raced,raced,$(RACED_OBJ),-lcmocka))
$(eval $(call unit-tests,tests/model/,model,$(MODEL_OBJ) $(VMMU_OBJ),-lcmocka))
$(eval $(call unit-tests,tests/unit/tools/,tools,$(ELF_OBJ) $(TOOLS_OBJ),-lcmocka $(TOOL_LIBS)))
$(eval $(call unit-tests,tests/unit/lib/,lib,$(ELF_OBJ) $(LIB_OBJ),-lcmocka))
$(eval $(call unit-tests,tests/unit/tlb/,tlb,$(call check-objects,bench/tlb/model.c bench/tlb/processors.c),-lcmocka))
$(eval $(call unit-tests,tests/unit/guest/,guest,$(GUEST_ARCHIVE),-lcmocka))
# The clocks, the local APIC and the topology are compiled for their tests with a header of the tests' in the place of the
# processor's.
CLOCK_CFLAGS := -Itests/unit/time/host $(CHECK_CFLAGS)
CLOCK_OBJ := $(patsubst %,$(B)/clock/hypervisor/time/%.o,clock frequency counter cpuid_tsc hypervisor_tsc kvm_clock \
	hpet pm_timer pit)
$(eval $(call compiled,clock,CLOCK_CFLAGS))
$(eval $(call unit-tests,tests/unit/time/test_clock,clock,$(CLOCK_OBJ) $(LIB_OBJ) $(HV_ARCHIVE),-lcmocka))
$(eval $(call unit-tests,tests/unit/time/test_cmos,cmos,$(B)/clock/hypervisor/time/cmos.o $(LIB_OBJ) $(HV_ARCHIVE),-lcmocka))
$(eval $(call unit-tests,tests/unit/cpu/test_apic,apic,$(B)/clock/hypervisor/cpu/apic.o $(LIB_OBJ) $(HV_ARCHIVE),-lcmocka))
$(eval $(call unit-tests,tests/unit/cpu/test_topology,topology,$(patsubst %,$(B)/clock/hypervisor/cpu/%.o,topology \
	processor) $(LIB_OBJ) $(HV_ARCHIVE),-lcmocka))
# The allocator likewise, with the machine's memory in an array of the test's.
FRAMES_CFLAGS := -Itests/unit/memory/host $(CHECK_CFLAGS)
FRAMES_OBJ := $(B)/frames/hypervisor/memory/frames.o $(B)/frames/hypervisor/memory/dirty.o
$(eval $(call compiled,frames,FRAMES_CFLAGS))
$(eval $(call unit-tests,tests/unit/memory/test_frames,frames,$(FRAMES_OBJ) $(LIB_OBJ) $(HV_ARCHIVE),-lcmocka))
# Views and their recount likewise.
VIEW_OBJ := $(B)/frames/hypervisor/memory/view.o $(B)/frames/hypervisor/domain/recount.o
# And with all that gives frames from owner to owner; the test sees each frame that the allocator gets.
VIEW_RACES_OBJ := $(VIEW_OBJ) $(FRAMES_OBJ) $(B)/frames/hypervisor/domain/isolation.o $(B)/frames/hypervisor/domain/mmu_port.o
$(eval $(call unit-tests,tests/unit/memory/test_view_races,view-races,$(VIEW_RACES_OBJ) \
	$(call check-objects,vmmu/*.c) $(LIB_OBJ) $(HV_ARCHIVE),$(addprefix -Wl$(comma)--wrap=,frames_free_range port_should_stop vmmu_frame_owned_by)))
$(eval $(call unit-tests,tests/unit/memory/test_view,view,$(VIEW_OBJ) $(LIB_OBJ) $(HV_ARCHIVE),-lcmocka))
$(eval $(call unit-tests,tests/unit/domain/test_isolation_stacks,stacks,$(VIEW_OBJ) $(B)/frames/hypervisor/domain/isolation.o \
	$(LIB_OBJ) $(HV_ARCHIVE),-lcmocka))
# Likewise all that makes a domain, without the assembly, which nothing there calls; the functions of the test come first.
VIEW_MEMORY_OBJ := $(VIEW_OBJ) $(FRAMES_OBJ) $(patsubst %,$(B)/frames/hypervisor/%.o,domain/isolation domain/domain vcpu/vcpu \
	vcpu/fpu call/vcpu_op)
$(eval $(call unit-tests,tests/unit/domain/test_isolation_memory,view-memory,$(VIEW_MEMORY_OBJ) \
	$(call check-objects,vmmu/*.c) $(LIB_OBJ) $(HV_ARCHIVE),-lcmocka -no-pie -Wl$(comma)--unresolved-symbols=ignore-all$(comma)-z$(comma)muldefs))
# The assembly of this one is under test.
PARTS_OBJ := $(B)/check/hypervisor/memory/parts.S.o
$(eval $(call unit-tests,tests/unit/memory/test_parts,parts,$(PARTS_OBJ),-lcmocka))
# The screen draws with the distribution's font.
SCREEN_FONT_OBJ := $(B)/check/hypervisor/screen/font.S.o
$(SCREEN_FONT_OBJ): $(B)/font/glyphs
$(eval $(call unit-tests,tests/unit/screen/,screen,$(SCREEN_FONT_OBJ) $(LIB_OBJ) $(HV_ARCHIVE),-lcmocka))
# The worlds of a folder, what its tests share, are an archive before the hypervisor's: the stand-ins of the
# world that a test uses come first.
WORLDS := $(patsubst tests/unit/%/,%,$(sort $(dir $(filter-out $(addprefix tests/unit/,vmmu/% tools/% lib/% guest/%), \
	$(filter-out $(CHECK_SRC),$(wildcard tests/unit/*/*.c))))))
world-objects = $(call check-objects,$(filter-out $(CHECK_SRC),$(wildcard tests/unit/$(1)/*.c)))
define world
$(B)/check/worlds/$(1).a: $(2) $(call stamp,check-world-$(1),$(2))
	@mkdir -p $$(@D)
	rm -f $$@ && ar qcs $$@ $(2)
$(call unit-tests,tests/unit/$(1)/,$(1),$(B)/check/worlds/$(1).a $(LIB_OBJ) $(HV_ARCHIVE),-lcmocka -lZydis)
endef
# This one is its own world, and needs nothing of the simulation beside it.
$(eval $(call unit-tests,tests/unit/sched/test_sched,sched-alone,$(LIB_OBJ) $(HV_ARCHIVE),-lcmocka -lZydis))
$(foreach folder,$(WORLDS),$(eval $(call world,$(folder),$(call world-objects,$(folder)))))
# All others: the hypervisor's objects alone.
$(eval $(call unit-tests,tests/unit/,hypervisor,$(LIB_OBJ) $(HV_ARCHIVE),-lcmocka -lZydis))
check-build: $(CHECK_BIN)
.PHONY: check-build
# A sample of metrics, for Prometheus' own checker.
metrics-sample: $(B)/check/tests/unit/tools/test_metrics_text
.PHONY: metrics-sample

# SPDX-License-Identifier: MIT
# Proves that each mistake in the user's input is reported in one clear sentence on standard error, with exit
# status 2, and that no emulator is started: PATH has a fake emulator that leaves a file when it runs, except
# in the case without an emulator.
# Needs: all images build/guests/needs_feature.elf
. "$(dirname "$0")/common.sh"

mkdir "$work/bin"
printf '#!/bin/sh\ntouch "%s/started"\n' "$work" >"$work/bin/qemu-system-x86_64"
chmod +x "$work/bin/qemu-system-x86_64"
PATH=$work/bin:$PATH
export PINION_HYPERVISOR=$work/hypervisor
: >"$work/hypervisor"

# refused PATTERN ARG...: expects one sentence that matches, status 2, and nothing on standard output.
refused() {
    local pattern=$1
    shift
    status=0
    "$B/pinion" "$@" </dev/null >"$work/out" 2>"$work/err" || status=$?
    [ "$status" = 2 ] || wrong "exit status $status, not 2: pinion $*"
    [ "$(wc -l <"$work/err")" = 1 ] || wrong "not one line: pinion $*: $(cat "$work/err")"
    expect err "$pattern" "pinion $*"
    [ ! -s "$work/out" ] || wrong "standard output is not empty: pinion $*"
    [ ! -e "$work/started" ] || wrong "an emulator was started: pinion $*"
    rm -f "$work/started"
}

# cfg LINE...: writes the lines to $work/bad.cfg
cfg() {
    printf '%s\n' "$@" >"$work/bad.cfg"
}

# The command line.
refused 'a command is missing'
refused 'unknown command fly' fly
refused 'unknown option --fly' run --fly "$kernel"
refused 'unknown option -m' run -m 5 "$kernel"
refused 'a KERNEL or a GUEST.cfg is missing' run
refused 'memory needs a value' run --memory
refused 'memory is a number of MiB' run --memory lots "$kernel"
refused 'memory is a number of MiB' run --memory 0 "$kernel"
refused 'a number from 1' run --timeout -3 "$kernel"
refused '--emulator-arg -daemonize: the emulator must stay' run --emulator-arg -daemonize "$kernel"
refused 'a name has 1 to 127 bytes' run --name '' "$kernel"
refused 'vcpus is a number from 1 to 32' run --vcpus 33 "$kernel"
refused 'either one KERNEL or descriptions of guests' run "$kernel" x.cfg
refused 'one KERNEL at a time' run "$kernel" "$kernel"
refused 'belong to a KERNEL' run --memory 5 x.cfg
refused 'at most 1023 characters, this one has 1024' run --cmdline "$(printf '%1024s' x)" "$kernel"
refused 'the guests have 256 MiB' run --machine-memory 100 "$kernel"
refused '/nowhere/log: cannot be written: No such file' run --log /nowhere/log "$kernel"

# Files.
refused '/nowhere/vmlinuz: cannot be read: No such file' run /nowhere/vmlinuz
refused 'cannot be read: it is a folder' run "$work"
refused '/nowhere/ramdisk: cannot be read: No such file' run --ramdisk /nowhere/ramdisk "$kernel"
refused '/nowhere/a.cfg: cannot be read: No such file' run /nowhere/a.cfg
if [ "$(id -u)" != 0 ]; then
    cp "$kernel" "$work/secret" && chmod 0 "$work/secret"
    refused 'secret: cannot be read: Permission denied' run "$work/secret"
fi

# Kernels.
refused 'not a kernel: neither a bzImage nor an ELF image' run tests/system/common.sh
: >"$work/empty"
refused 'empty: not a kernel' run "$work/empty"
refused 'demo: not a kernel that Pinion can run: .*built without CONFIG_XEN_PV' run "$B/demo"
refused 'needs_feature.elf: not a kernel that Pinion can run: .* Pinion lacks: supervisor_mode_kernel' \
    run "$B/guests/needs_feature.elf"
head -c 4000000 "$kernel" >"$work/cut"
refused 'cut: truncated: its payload ends at byte [0-9]*, the file at 4000000' run "$work/cut"
cp "$kernel" "$work/damaged"
printf 'damage' | dd of="$work/damaged" bs=1 seek=5000000 conv=notrunc 2>/dev/null
refused 'damaged: its .* data is damaged' run "$work/damaged"

# Memory.
refused '48 MiB of memory are too small for the kernel and ramdisk: they need at least [0-9]+ MiB' \
    run --memory 48 --ramdisk "$ramdisk" "$kernel"

# Lines of a .cfg, also of one with another name.
cfg 'name = "a"' 'kernel = "k' 'memory = 5'
refused 'bad.cfg:2: expected a closing " on this line' run "$work/bad.cfg"
mv "$work/bad.cfg" "$work/bad"
refused 'bad:2: expected a closing " on this line' run "$work/bad"
cfg 'name = "a"' '' 'memory 5'
refused 'bad.cfg:3: expected = or \+= after the key, not 5' run "$work/bad.cfg"
cfg 'name = "a"' 'memory = much'
refused 'bad.cfg:2: expected a number, a text in quotes or a list in \[ \], not much' run "$work/bad.cfg"
cfg 'name = "a"' 'kernel = "k"' 'memory = "-5"'
refused 'bad.cfg:3: memory is a number of MiB from 1' run "$work/bad.cfg"
cfg 'name = "a"' 'kernel = "k"' 'vcpus = 44'
refused 'bad.cfg:3: .*from 1 to 32' run "$work/bad.cfg"
cfg 'name = "a"' 'kernel = "k"' 'vcpus = 4' 'maxvcpus = 2'
refused 'bad.cfg:4: maxvcpus is at least as many as vcpus, which is 4' run "$work/bad.cfg"
cfg 'name = "a"' 'kernel = "k"' 'type = "hvm"'
refused 'bad.cfg:3: expected "pv"' run "$work/bad.cfg"
cfg 'name = "a"' 'on_crash = "sleep"' 'kernel = "k"'
refused 'bad.cfg:2: expected destroy, restart' run "$work/bad.cfg"
cfg 'name = "a"'
refused 'bad.cfg: expected a kernel' run "$work/bad.cfg"
cfg 'kernel = "a"'
refused 'bad.cfg: expected a name' run "$work/bad.cfg"
cfg $'\xef\xbb\xbfname = "a"'
refused 'bad.cfg:1: expected no byte order mark' run "$work/bad.cfg"
mv "$work/bad.cfg" "$work/bad"
refused 'bad:1: expected no byte order mark' run "$work/bad"
cfg 'name = "a"' $'kernel = "k"\r'
refused 'bad.cfg:2: .* line feed alone' run "$work/bad.cfg"
printf 'name = "a"\nkernel = "k" # \0\n' >"$work/bad.cfg"
refused 'bad.cfg:2: expected text, not a NUL byte' run "$work/bad.cfg"
cfg 'name = "a"' "kernel = '$kernel'" "ramdisk = ''" 'memory = 1'
refused '^pinion: a: 1 MiB of memory are too small' run "$work/bad.cfg"
cp "$work/bad.cfg" "$work/again"
refused 'again: .*bad.cfg has a guest of the name a already' run "$work/bad.cfg" "$work/again"

# The emulator and the hypervisor.
rm "$work/hypervisor"
refused 'hypervisor: the hypervisor image cannot be read' run "$kernel"
: >"$work/hypervisor"
mkdir "$work/tools"
for tool in wc grep rm cat; do
    ln -s "$(command -v $tool)" "$work/tools/"
done
PATH=$work/tools
refused 'qemu-system-x86_64 was not found: install the package qemu-system-x86' run "$kernel"
PATH=/usr/bin:/bin
finish

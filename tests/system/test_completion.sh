# SPDX-License-Identifier: MIT
# Proves that bash completes the command's options, their values, and files of the right kind, without the
# package bash-completion.
. "$(dirname "$0")/common.sh"

completion=$PWD/tools/completion/pinion
mkdir "$work/files" "$work/files/folder"
touch "$work/files/web.cfg" "$work/files/db.cfg" "$work/files/vmlinuz" "$work/files/disk image"

# offers EXPECTED WORD...: compares what bash offers for the last word, sorted and joined by commas.
offers() {
    local expected=$1 got
    shift
    got=$(cd "$work/files" && bash --norc --noprofile -c '
        source "$1" && shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _pinion
        printf "%s\n" "${COMPREPLY[@]}" | sort | paste -sd ,' bash "$completion" "$@" 2>&1)
    [ "$got" = "$expected" ] || wrong "for '$*': '$got', not '$expected'"
}

offers '--help,help,map,metrics,run,stat,top,trace' pinion ''
offers 'run' pinion r
offers '--machine-cpus,--machine-memory' pinion run --mac
offers '--map,--map-at' pinion run --map
offers '--timeout,--trace,--trace-entries' pinion run --memory 5 vmlinuz --t
offers '' pinion run web.cfg --mem
offers 'auto,off,partial' pinion run --mitigations ''
offers 'partial' pinion run --mitigations = p
offers 'always,auto,never' pinion run --isolation ''
offers 'auto,off,on' pinion run --audit ''
offers 'all,slow' pinion run --trace-entries ''
offers 'vmlinuz' pinion run --trace v
offers '--help,-a,-s,-t' pinion trace ''
offers '' pinion trace -t ''
offers 'auto,off,partial' pinion run --mitigations =
offers 'vmlinuz' pinion run --log x v
offers 'db.cfg,disk image,folder,vmlinuz,web.cfg' pinion run ''
offers 'disk image,folder,vmlinuz' pinion run --memory 5 ''
offers 'db.cfg,folder,web.cfg' pinion run --timeout 5 web.cfg ''
offers 'vmlinuz' pinion run web.cfg v
offers 'disk image' pinion run --ramdisk di
offers '' pinion run vmlinuz ''
offers '' pinion run --vcpus ''
offers '' pinion help ''
offers '--label' pinion map --l
offers 'vmlinuz' pinion map v
offers 'web.cfg' pinion map --text w
offers 'db.cfg,disk image' pinion map --output d
offers 'db.cfg' pinion run --map db
offers '--help,--sort,--time' pinion stat web --
offers 'mean' pinion stat --sort me
offers 'maxmem,maxmem-share,mem,mem-share' pinion top --once --sort m
offers '--delay,--help,--once,--sort' pinion top --once --
offers '--format,--help,--listen,--measure' pinion metrics --
offers 'openmetrics,prometheus' pinion metrics --format ''
offers '' pinion metrics --listen ''

bash --norc --noprofile -c 'source "$1" && complete -p pinion' bash "$completion" >"$work/out" ||
    wrong "it does not register"
expect out '_pinion pinion$' "the command it completes"
finish

# SPDX-License-Identifier: MIT
# What tests/run and tests/conformance share: they build what they run, and believe only what make then lists
# as up to date. A file that an earlier build left does not count.
export BUILD_LIST BUILD_LOG

# build_targets FOLDER VARIABLE=VALUE... -- TARGET...: makes all that can be made. FOLDER then holds the list of
# the targets that are up to date, and make's output, which is shown, too.
build_targets() {
    local folder=$1 variables=()
    shift
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    shift
    BUILD_LIST=$folder/up-to-date
    BUILD_LOG=$folder/build.log
    mkdir -p "$folder"
    : >"$BUILD_LIST"
    [ $# -gt 0 ] || return
    make --no-print-directory --silent --keep-going --output-sync=target \
        "B=$B" "${variables[@]}" "WANTED=$*" "LIST=$BUILD_LIST" up-to-date 2>&1 | tee "$BUILD_LOG"
}

# is_built TARGET
is_built() {
    grep -qxF -- "$1" "$BUILD_LIST"
}

# explain_not_built TARGET SOURCE: prints the first errors, those in SOURCE if there are any.
explain_not_built() {
    local errors
    errors=$(grep -F -- "$2:" "$BUILD_LOG" | grep -m 4 -E 'error|undefined') ||
        errors=$(grep -m 3 -E '(error|pinion): |undefined reference|\*\*\* ' "$BUILD_LOG")
    printf 'not built: %s\n%s\n' "$1" "$errors"
}

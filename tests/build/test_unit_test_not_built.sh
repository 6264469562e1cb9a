# SPDX-License-Identifier: MIT
# Proves that a unit test which no longer compiles fails, by name and with the compiler's error, although the
# binary of an earlier good build still exists; and the same for a unit test which no longer links.
. "$(dirname "$0")/common.sh"
test=tests/unit/lib/test_index.c

must_make check
expect '^1 passed, 0 failed$' "the tree as it is"

cp $test "$work/good.c"
echo 'int broken = ;' >>$test
do_make check
expect_failure "a test does not compile"
expect "^FAILED .* $test$" "the test that does not compile"
expect "\| $test:[0-9]+:[0-9]+: error: " "the compiler's error, below the test"
expect '^0 passed, 1 failed$' "the verdict"

echo 'int broken(void); int main_of(void); int main_of(void) { return broken(); }' | cat "$work/good.c" - >$test
do_make check
expect_failure "a test does not link"
expect "^FAILED .* $test$" "the test that does not link"
expect '\| .*undefined reference to .broken' "the linker's error, below the test"

cp "$work/good.c" $test
must_make check
expect '^1 passed, 0 failed$' "the tree as it was"
finish

# SPDX-License-Identifier: MIT
# What a guest test says of itself.

# Prints the comments at the beginning of a C file as one line, so that it does not matter how they are broken.
story() { # FILE
    sed '\,^/\*\|^ \*,!Q; s,^/\*,,; s,^ \*,,; s,\*/$,,; s,^/$,,' "$1" | tr -s '\n ' '  '
}

#!/usr/bin/env bash
# Installs what is missing, builds (release and sanitised), runs every test. Needs no GPU, no network after the install.
#   ./test.sh [ctest options, such as -R tokenizer]
set -euo pipefail
cd "$(dirname "$0")"
start=$SECONDS
step() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - start)); }

step "packages"
tools/install_packages libcmocka-dev curl openssl
step "release build"
tools/build build -DCMAKE_BUILD_TYPE=Release -DWHET_WERROR=ON
step "sanitised build"
tools/build build-sanitize -DCMAKE_BUILD_TYPE=Debug -DWHET_SANITIZE=ON -DWHET_WERROR=ON
step "arrows between folders"
tools/arrows
step "tests, release"
ctest --test-dir build -j "$(nproc)" --output-on-failure "$@"
step "unit tests and fuzz corpora, sanitised"
# Leaks are checked; what libgomp and OpenBLAS keep until the process ends is theirs.
# (Not detect_stack_use_after_return: gcc 12's fake frames are not aligned for the 64-byte vectors of AVX-512.)
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
ctest --test-dir build-sanitize -j "$(nproc)" --output-on-failure -E '^(e2e\.|parity\.|kernels\.cpu)' "$@"
step "done"

#!/usr/bin/env bash
# Builds the grader, once, when the image of the autograder is made. Half a core and 768 MB are enough.
#
# UNPICKLED_KIT        where this kit lies [default: the folder of this script]
# UNPICKLED_INSTALL    0: install nothing, a compiler and cargo are there
# UNPICKLED_RUST       the version of Rust to install
set -euo pipefail
kit="${UNPICKLED_KIT:-$(cd "$(dirname "$0")" && pwd)}"

if [ "${UNPICKLED_INSTALL:-1}" != 0 ]; then
    # Not in the home of root: submissions are compiled as another user, who has to reach the compiler.
    export RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo
    apt-get update
    apt-get install -y --no-install-recommends build-essential ca-certificates curl
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
        sh -s -- -y --no-modify-path --profile minimal --default-toolchain "${UNPICKLED_RUST:-1.95.0}"
fi
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
# For the scripts that grade.
for name in PATH CARGO_HOME RUSTUP_HOME; do
    if [ -n "${!name:-}" ]; then printf 'export %s=%q\n' "$name" "${!name}"; fi
done >"$kit/unpickled/environment"

# One compiler at a time: two would not fit into 768 MB. What is built here is not debugged.
export CARGO_BUILD_JOBS="${CARGO_BUILD_JOBS:-1}"
cd "$kit/unpickled"
cargo fetch
export CARGO_NET_OFFLINE=true
cargo build --release --package grading
# What submissions are linked with, in the way in which the grader asks for it.
cargo build --release --package exercises --lib

# Submissions are compiled and run as other users. They have to read what they are linked with, and must not read what they are checked by.
mkdir -p target/grading
chmod o+x "$kit" . target target/release
chmod -R o+rX target/release/deps
chmod -R o= exercises target/grading

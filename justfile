set shell := ["bash", "-euo", "pipefail", "-c"]

# List the recipes
default:
    @just --list

# Measure lessons, judge their claims, build the book (just bench LESSON --profile quick)
bench *ARGS:
    cargo lab bench {{ARGS}}

# Build the book from the records (just book serve, just book open)
book *ARGS:
    cargo lab book {{ARGS}}

# Prove the mechanisms by exact counts
test *ARGS:
    cargo test --workspace {{ARGS}}

# Run each variant of a lesson once
run *ARGS:
    cargo lab run {{ARGS}}

# Print the verdicts
claims *ARGS:
    cargo lab claims {{ARGS}}

# Measure what this machine does with nothing of ours in between
limits *ARGS:
    cargo lab limits {{ARGS}}

# Set two runs side by side
compare *ARGS:
    cargo lab compare {{ARGS}}

# Say what a workload takes serially, by threads, by processes (just predict --fit, once, before anything is asked)
predict *ARGS:
    cargo lab predict {{ARGS}}

# Say what will spoil a measurement on this machine, and what is not testable here
doctor *ARGS:
    cargo lab doctor {{ARGS}}

# How often our intervals hold the truth, simulated; fails if harness/measure/tests/coverage.txt says otherwise
coverage:
    cargo test -p harness --release --test coverage -- --ignored --nocapture

# Grade the exercises in handout/ (just grade --watch, just grade --list, just grade NAME)
grade *ARGS:
    cargo lab grade {{ARGS}}

# Show the next hint to an exercise
hint *ARGS:
    cargo lab hint {{ARGS}}

# Make the folder handout/ with the exercises, or bring it up to date; or a kit for a platform
handout *ARGS:
    cargo lab handout {{ARGS}}

# Warnings are errors
lint:
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Format everything
fmt:
    cargo fmt --all

# The protocols of the runtime that need no kernel, under Miri (a nightly with its component)
miri:
    cargo +nightly miri test -p multiprocess --lib -- codec:: frame:: gil:: trace::ring::tests trace::event trace::timeline

# The runtime under AddressSanitizer (a nightly); what its quarantine keeps, the cases would call a leak
sanitize:
    ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0 RUSTFLAGS=-Zsanitizer=address \
        cargo +nightly test -p multiprocess --lib --test cases --target x86_64-unknown-linux-gnu --target-dir target/sanitize

# The runtime's unit tests under valgrind, but for loom's, which have stacks of their own
valgrind:
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite" \
        cargo test -p multiprocess --lib -- --test-threads=1 --skip model

# Bytes from other processes, by libFuzzer (a nightly and cargo-fuzz): just fuzz tasks
fuzz TARGET SECONDS="60":
    mkdir -p target/fuzz/{{TARGET}}
    cd harness/runtime && cargo +nightly fuzz run {{TARGET}} ../../target/fuzz/{{TARGET}} tests/corpus/{{TARGET}} -- -max_total_time={{SECONDS}}

# What CI runs
ci:
    bash .ci/run

# The exercises as rustlings sees them, solutions and all (cargo install rustlings --version 6.5.0 --locked)
rustlings-check:
    rm -rf target/rustlings
    cargo lab handout target/rustlings --with-solutions
    cd target/rustlings && rustlings dev check

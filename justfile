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

# Warnings are errors
lint:
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Format everything
fmt:
    cargo fmt --all

# What CI runs
ci:
    bash .ci/run

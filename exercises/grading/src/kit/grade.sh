#!/usr/bin/env bash
# Grades a folder: grade.sh SUBMISSION FORMAT FILE. Leaves the file whatever happens; ends with 0 if everything is passed, 1 if not, 2 and more
# if it could not grade.
set -uo pipefail
kit="$(cd "$(dirname "$0")" && pwd)"
if [ $# -ne 3 ]; then
    echo "usage: grade.sh SUBMISSION FORMAT FILE" >&2
    exit 2
fi
if [ -f "$kit/unpickled/environment" ]; then . "$kit/unpickled/environment"; fi
exec "$kit/unpickled/target/release/grader" --root "$kit/unpickled" grade --submission "$1" --format "$2" --out "$3"

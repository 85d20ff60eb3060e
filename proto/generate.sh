#!/bin/sh
# Usage: generate.sh PROTOC_C PROTO_ROOT INPUT OUTDIR
# Flattens the package path: the build wants its outputs in one directory.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" --proto_path="$2" --c_out="$work" "$2/baton/v1/$(basename "$3")"
for file in "$work"/baton/v1/*; do
    sed 's|"baton/v1/\([a-z]*\.pb-c\.h\)"|"\1"|' "$file" >"$4/$(basename "$file")"
done

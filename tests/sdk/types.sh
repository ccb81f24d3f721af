#!/usr/bin/env bash
# Compiles tests/sdk/types.ts against tracker.d.ts, and a page's script that uses the global `tracker`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! npm install --silent --no-audit --no-fund --prefix "$work" typescript@5; then
    echo "the TypeScript compiler cannot be had here: the types were not checked"
    exit 0
fi
tsc=("$work/node_modules/.bin/tsc" --noEmit --strict --exactOptionalPropertyTypes --target es2022)
"${tsc[@]}" --module nodenext "$here/types.ts"
"${tsc[@]}" --module esnext --moduleResolution bundler --lib es2022,dom "$here/types.ts"
echo 'tracker.init("wk_1", { storage: sessionStorage }); tracker.track("e");' > "$work/page.ts"
"${tsc[@]}" --lib es2022,dom "$here/../../src/server/sdk/tracker.d.ts" "$work/page.ts"
echo "the types hold"

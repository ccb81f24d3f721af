#!/usr/bin/env bash
# The browser's tests, in headless Chromium, against the binary that TRACKCRUMB_BINARY names (default: the debug build).
set -euo pipefail
cd "$(dirname "$0")"
npm ci --ignore-scripts --silent --no-audit --no-fund
exec node --test --test-reporter=spec ./*.test.mjs

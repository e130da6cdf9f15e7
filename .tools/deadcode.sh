#!/usr/bin/env bash
# Lists functions that no binary and no test of a command reaches, and fails when there is one. The tests of the commands
# count as use: they write the generated pages and hold the practice servers. A function that only the tests of its own
# package call is dead. What providers of others use (providers/sdk) may be unused here. The Entra plugin is left out: its
# SDK has more functions than everything else together.
set -euo pipefail
tool="$1"
commands=(./cmd/rehome ./cmd/rehome-lab ./cmd/rehome-provider-okta ./cmd/rehome-provider-keycloak ./cmd/rehome-provider-realmfile)
found="$("$tool" -test "${commands[@]}")"
found="$(grep -v '^providers/sdk/' <<<"$found" || true)"
if [ -n "$found" ]; then
  echo "$found"
  exit 1
fi

#!/usr/bin/env bash
# Moves the practice Okta tenant into a Keycloak realm file, on loopback, in a temporary folder: plan, apply, verify, the way back, evidence.
# Called by `make demo`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
lab=
stop() {
  if [ -n "$lab" ]; then kill "$lab" 2>/dev/null || true; wait "$lab" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
run() { say "$@"; "$@"; }

cp "$root"/examples/okta-to-realmfile/*.rehome.hcl "$work"/
PATH="$root/bin:$PATH"
rehome-lab -okta-data "$root/examples/okta-to-keycloak/tenant" -tls-dir "$work/tls" -listen-file "$work/lab.env" >"$work/lab.log" 2>&1 &
lab=$!
for _ in $(seq 100); do [ -s "$work/lab.env" ] && break; sleep 0.1; done
[ -s "$work/lab.env" ] || { cat "$work/lab.log"; echo "the practice tenant did not start"; exit 1; }
. "$work/lab.env"
export REHOME_VAR_okta_url="$REHOME_LAB_OKTA_URL" REHOME_VAR_okta_ca_file="$REHOME_LAB_CA_FILE" REHOME_VAR_okta_token=lab-okta-token
unset REHOME_IN_AUTOMATION

cd "$work"
run rehome init
run rehome collect
say "rehome assess"
rehome assess | tail -n 2
say "rehome plan -out=plan.rehome      (the counts; the steps are in rehome show)"
rehome plan -out=plan.rehome | sed -n '1,/^Impacts/p; /^Plan  /,$p'
hash=$(rehome show -json plan.rehome | sed -n 's/^ *"plan_hash": *"\(sha256:[0-9a-f]*\)".*/\1/p' | head -n 1)
[ -n "$hash" ] || { echo "the plan has no hash"; exit 1; }
run rehome apply plan.rehome -plan-hash="$hash"
run rehome verify
say "rehome rollback      (the way back, as a plan; nothing is done)"
rehome rollback | sed -n '1,/^Access/p; /^Rollback  [0-9]/,$p'
say "rehome evidence bundle -out=evidence.zip && rehome evidence verify evidence.zip"
rehome evidence bundle -out=evidence.zip >/dev/null && rehome evidence verify evidence.zip
say "rehome plan      (a second plan changes nothing)"
rehome plan | sed -n '/^Plan  /,$p'
run rehome status
say "what came out: the realm file, ready to import into Keycloak"
printf '%s bytes, %s clients\n' "$(wc -c <acme-realm.json)" "$(grep -c '"clientId"' acme-realm.json)"

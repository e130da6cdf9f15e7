# Moves an export of groups and applications into a Keycloak realm file, with the provider of this folder.
rehome {
  required_version = ">= 0.1.0"
  required_providers {
    csv       = { source = "example/csv" }
    realmfile = { source = "rehome/realmfile" }
  }
  state "bbolt" { path = ".rehome/state.db" }
}

migration "acme" {
  tenant = "acme"
  mode   = "merge_into_existing"
}

source "csv" "export" {
  folder = "export"
}

target "realmfile" "portal" {
  path  = "acme-realm.json"
  realm = "acme"
}

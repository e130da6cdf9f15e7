# Moves an Okta organisation into a Keycloak realm file. `make demo` runs this folder against the practice tenant.
rehome {
  required_version = ">= 0.1.0"
  required_providers {
    okta      = { source = "rehome/okta" }
    realmfile = { source = "rehome/realmfile" }
  }
  state "bbolt" { path = ".rehome/state.db" }
}

variable "okta_url" {
  type        = string
  description = "Address of the Okta organisation"
}

variable "okta_token" {
  type      = string
  sensitive = true
}

variable "okta_ca_file" {
  type        = string
  default     = ""
  description = "Certificate authority of a private test server"
}

variable "realm" {
  type    = string
  default = "acme"
}

migration "acme" {
  tenant = "acme"
  mode   = "merge_into_existing"
}

source "okta" "corp" {
  org_url         = var.okta_url
  connection_mode = "api_token"
  api_token       = var.okta_token
  rate_share      = 0.5
  ca_file         = var.okta_ca_file
}

target "realmfile" "portal" {
  path  = "acme-realm.json"
  realm = var.realm
}

map "application" "descriptions" {
  where = item.protocol == "oidc"
  set   = { description = "from Okta: ${item.name}" }
}

rollback {
  summary = "The realm file is thrown away; Okta was not touched."
  owner   = "identity on-call"
  steps   = ["Delete acme-realm.json."]
}

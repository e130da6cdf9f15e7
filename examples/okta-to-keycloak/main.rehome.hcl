# Moves an Okta organisation into a Keycloak realm.
rehome {
  required_version = ">= 0.1.0"
  required_providers {
    okta     = { source = "rehome/okta" }
    keycloak = { source = "rehome/keycloak" }
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

variable "keycloak_url" {
  type        = string
  description = "Address of the Keycloak server"
}

variable "keycloak_realm" {
  type    = string
  default = "acme"
}

variable "keycloak_secret" {
  type      = string
  sensitive = true
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

target "keycloak" "portal" {
  url           = var.keycloak_url
  realm         = var.keycloak_realm
  client_id     = "rehome"
  client_secret = var.keycloak_secret
}

map "application" "descriptions" {
  where = item.protocol == "oidc"
  set   = { description = "from Okta: ${item.name}" }
}

rollback {
  summary = "What the run created is deleted; Okta was not touched."
  owner   = "identity on-call"
  steps   = ["Delete what the run lists as created."]
}

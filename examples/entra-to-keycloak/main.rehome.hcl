# Moves a Microsoft Entra ID tenant into a Keycloak realm.
rehome {
  required_version = ">= 0.1.0"
  required_providers {
    entra    = { source = "rehome/entra" }
    keycloak = { source = "rehome/keycloak" }
  }
  state "bbolt" { path = ".rehome/state.db" }
}

variable "entra_tenant_id" {
  type        = string
  description = "Directory (tenant) id"
}

variable "entra_client_id" {
  type        = string
  description = "Application id of the registration that rehome reads with"
}

variable "entra_client_secret" {
  type      = string
  sensitive = true
}

variable "graph_endpoint" {
  type    = string
  default = "https://graph.microsoft.com"
}

variable "authority_host" {
  type    = string
  default = "https://login.microsoftonline.com"
}

variable "entra_ca_file" {
  type    = string
  default = ""
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

source "entra" "hq" {
  tenant_id      = var.entra_tenant_id
  client_id      = var.entra_client_id
  client_secret  = var.entra_client_secret
  graph_endpoint = var.graph_endpoint
  authority_host = var.authority_host
  ca_file        = var.entra_ca_file
}

target "keycloak" "portal" {
  url           = var.keycloak_url
  realm         = var.keycloak_realm
  client_id     = "rehome"
  client_secret = var.keycloak_secret
}

rollback {
  summary = "What the run created is deleted; Entra was not touched."
  owner   = "identity on-call"
  steps   = ["Delete what the run lists as created."]
}

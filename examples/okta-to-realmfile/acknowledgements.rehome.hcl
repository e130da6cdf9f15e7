# Written by rehome acknowledge, with one reason each. An impact that changes gets a new id and must be acknowledged anew.

acknowledge "ocm-3e3412" {
  reason    = "owners confirmed the claims their applications need"
  reference = "CHG-1042"
}

acknowledge "ocm-fac85c" {
  reason    = "announced to the people of the partners"
  reference = "CHG-1042"
}

acknowledge "ocm-bb7305" {
  reason    = "stays on Okta until its people move"
  reference = "CHG-1042"
}

acknowledge "ocm-3ce1c7" {
  reason    = "owners have the new issuer and metadata addresses"
  reference = "CHG-1042"
}

acknowledge "ocm-0a218b" {
  reason    = "partners registered the new redirect address"
  reference = "CHG-1042"
}

acknowledge "ocm-bf5b3d" {
  reason    = "rebuilt as a flow by the identity team"
  reference = "CHG-1042"
}

acknowledge "ocm-6cbe3c" {
  reason    = "groups are assigned by hand until then"
  reference = "CHG-1042"
}

acknowledge "ocm-0c1a1b" {
  reason    = "the rule is reviewed weekly"
  reference = "CHG-1042"
}

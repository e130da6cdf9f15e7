# Written by rehome acknowledge, with one reason each. An impact that changes gets a new id and must be acknowledged anew.

acknowledge "ocm-d6efa7" {
  reason    = "announced to all staff, help desk is prepared"
  reference = "CHG-1042"
}

acknowledge "ocm-175de5" {
  reason    = "the rule is reviewed weekly"
  reference = "CHG-1042"
}

acknowledge "ocm-029f71" {
  reason    = "the archive moves to SAML first"
  reference = "CHG-1042"
}

acknowledge "ocm-234544" {
  reason    = "announced to all staff, help desk is prepared"
  reference = "CHG-1042"
}

acknowledge "ocm-b223a9" {
  reason    = "rebuilt as a flow by the identity team"
  reference = "CHG-1042"
}

acknowledge "ocm-8b35b2" {
  reason    = "owners enter the new metadata on the day"
  reference = "CHG-1042"
}

acknowledge "ocm-a5e846" {
  reason    = "people were asked to note their passwords"
  reference = "CHG-1042"
}

acknowledge "ocm-fca7a5" {
  reason    = "owners confirmed the claims their applications need"
  reference = "CHG-1042"
}

acknowledge "ocm-e9eccd" {
  reason    = "the links are written before the change, and announced"
  reference = "CHG-1042"
}

acknowledge "ocm-bb7305" {
  reason    = "stays on Okta until its people move"
  reference = "CHG-1042"
}

acknowledge "ocm-659af3" {
  reason    = "announced to all staff, help desk is prepared"
  reference = "CHG-1042"
}

acknowledge "ocm-3ce1c7" {
  reason    = "owners have the new issuer and metadata addresses"
  reference = "CHG-1042"
}

acknowledge "ocm-bf244e" {
  reason    = "the link is on the intranet"
  reference = "CHG-1042"
}

acknowledge "ocm-179084" {
  reason    = "partners registered the new redirect address"
  reference = "CHG-1042"
}

acknowledge "ocm-5ef53b" {
  reason    = "announced to all staff, help desk is prepared"
  reference = "CHG-1042"
}

acknowledge "ocm-acc2c0" {
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

acknowledge "ocm-e04a02" {
  reason    = "announced to all staff"
  reference = "CHG-1042"
}

acknowledge "ocm-47a45d" {
  reason    = "announced to all staff"
  reference = "CHG-1042"
}

acknowledge "ocm-77e493" {
  reason    = "support closes the accounts of leavers by hand until another feed is there"
  reference = "CHG-1042"
}

acknowledge "ocm-83f529" {
  reason    = "the owner of Fieldbook uses the newer secret everywhere since 12 November"
  reference = "CHG-1042"
}

package translation

import (
	"maps"

	"github.com/rehome-iam/rehome/engine/contract"
)

// withTells puts what to tell people on every finding that somebody feels, so that the text stands where its code is
// known.
func withTells(t contract.Translation) contract.Translation {
	texts := allTells()
	for i, f := range t.Findings {
		if f.ImpactCode == "" || f.Tell != "" {
			continue
		}
		if t.Findings[i].Tell = texts[f.ImpactCode+"/"+string(f.Audience)]; t.Findings[i].Tell == "" {
			t.Findings[i].Tell = texts[f.ImpactCode]
		}
	}
	return t
}

// allTells is what to tell people of every impact.
func allTells() map[string]string {
	texts := tells()
	maps.Copy(texts, wireTells())
	return texts
}

// tells is what to tell people of each impact, by its code, or by code/audience where one code means several audiences.
func tells() map[string]string {
	texts := map[string]string{
		"app_roles_lost": "Roles inside your application are no longer sent at sign-in. Say which ones it " +
			"needs before the change, or give them inside the application.",
		"claims_lost": "What your application is told about people at sign-in changes: the roles, groups and claims " +
			"listed here are not sent. Say which ones it needs, and try the new sign-in in the test before the change.",
		"implicit_opens_tokens": "The implicit grant of this application would hand out access tokens as well. Have its " +
			"owner " +
			"change to the authorization code grant.",
		"broker_sign_on_ends": "Your app can no longer sign people in through a broker on their device or the vendor's own " +
			"page. It must use the browser, and an address of its own to come back to.",
		"claims_unknown": "We cannot see which claims your application gets today. Send us the list it relies " +
			"on, and try the new sign-in in the test before the change.",
		"disabled_until_people_move": "Until your account has moved, this application is used by way of the old sign-in; " +
			"we write again on the day it changes.",
		"everyone_is_a_group": "Applications that are for everybody let in the members of one group. Put joiners into it, " +
			"by hand or by what makes their accounts.",
		"factors_enrolled_anew/end_users": "Your second factor does not move. Set up a new one at your first sign-in; " +
			"have your phone or security key at hand, and " +
			"keep the old entry until the new one works.",
		"factors_enrolled_anew/help_desk": "Everybody sets up a second factor anew. Expect calls from people without " +
			"their phone or key, and have a way ready to prove who they are.",
		"federated_mfa_not_checked": "A second factor at a partner no longer counts by itself. The sign-in policy " +
			"that asks for one must be rebuilt before the change.",
		"audience_added": "An assertion names two audiences, one of them new. Your application must accept an " +
			"assertion that " +
			"names its own among others.",
		"group_rule_lost": "This rule puts nobody into groups any more: joiners get nothing by it and leavers keep what " +
			"they have. " +
			"Maintain the members by hand or feed them from the personnel system.",
		"issuer_changes": "Your application must trust a new issuer. Enter the new discovery address or " +
			"metadata on the day of the change; we send both beforehand.",
		"mode_lost": "Your application's way to sign in is not there after the change. Move it to SAML 2.0 " +
			"or OIDC, or agree with us on how people will get in.",
		"name_id_attribute_needed": "Your sign-in to this application needs a field of your profile. Check that it is " +
			"filled in before the change.",
		"nesting_ends": "These groups are no longer part of other groups. Where people had something by the " +
			"outer group, put them into it themselves, or assign the inner one too.",
		"no_email": "These people have no e-mail address: they get no announcement and cannot reset a " +
			"password by mail. Ask for an address, or plan to call them.",
		"link_written_first": "Your sign-in by way of your own organisation works once your account here is linked to it, " +
			"which we do for you. Tell us if you are refused after the change.",
		"link_lost": "The link to this application is no longer on the start page. Bookmark its own address.",
		"other_tenants_lost": "People of other organisations can no longer sign in to your application with their " +
			"own account. Tell us who they are, so that we can connect their organisation.",
		"partner_changes": "The partner must register our new redirect address, or our new keys, before the " +
			"change. We send both; please confirm in writing.",
		"password_grant_off": "Your application sends names and passwords itself, which ends with the change. Move " +
			"it to sign-in in the browser.",
		"password_reset/end_users": "Your password does not move. You get a message with which you set a new one; nobody " +
			"will ever ask you for the old one.",
		"password_reset/help_desk": "Everybody in this list sets a new password in the same days. Expect calls, and " +
			"remind people that no one asks for a password.",
		"policy_not_carried": "A sign-in policy does not move and must be rebuilt by hand, whole, before the " +
			"change. What it protects stays closed until the new one is there and was read back.",
		"profile_form": "At your first sign-in you may be asked once for your name and e-mail address.",
		"provider_groups_lost": "People who come from this partner are no longer put into groups at sign-in. Give " +
			"them their groups by hand, or connect another feed.",
		"provisioning_ends": "Accounts in this application are no longer created or ended automatically. Until " +
			"another feed is there, close the accounts of leavers by hand.",
		"recipient_changes": "Your application must accept its assertion consumer address as recipient and " +
			"destination of an assertion.",
		"rule_ends": "The members of these groups stay as they are on the day of the change: nobody joins " +
			"or leaves by rule any more. Maintain them by hand or feed them.",
		"saml_metadata_changes": "Enter the new metadata in your application on the day of the change: entity ID of the " +
			"identity provider, sign-in address and signing certificate " +
			"are all new. We send them, with the certificate's end date, beforehand.",
		"session_length_changes": "You may have to sign in again sooner or later than you are used to.",
		"sign_in_address_changes": "From the day of the change you sign in at a new address and on a new page. Old " +
			"bookmarks and stored passwords no longer fit; " +
			"enter your password only at the address that we announce.",
		"vault_lost": "Your password for this application is no longer filled in for you. Note it down safely, or have it " +
			"reset, before the change.",
	}
	maps.Copy(texts, credentialTells())
	return texts
}

// credentialTells are those about what an application or a partner proves itself with.
func credentialTells() map[string]string {
	return map[string]string{
		"one_secret_moves": "Your application has several active client secrets, and one of them moves. Change every " +
			"place that uses another to that one, or ask for a new one, before the day of the change.",
		"federated_credential_lost": "Your application signs in with tokens of another issuer, which ends with the change. " +
			"Agree with us on a key or a secret of its own before the day.",
		"secret_changes": "Your application gets a new client secret, handed to you once and encrypted. Be ready " +
			"to enter it on the day of the change.",
		"provider_secret_needed": "The connection to this partner stays off until you enter its client secret on the " +
			"new server.",
	}
}

//! The closed list of problem codes, each with its status and title. Codes are stable: `/v1` only
//! adds to them.

use http::StatusCode;

macro_rules! codes {
    ($($variant:ident = $text:literal, $status:ident, $title:literal;)*) => {
        /// What went wrong, in a form that programs compare.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each variant is its code, and its title stands beside it")]
        pub enum Code {
            $($variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The HTTP status it is answered with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The same for every occurrence (RFC 9457 section 3.1.3).
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    AuthMissing = "auth.missing", UNAUTHORIZED, "No credential was sent.";
    AuthInvalid = "auth.invalid", UNAUTHORIZED, "The credential is not valid.";
    AuthExpired = "auth.expired", UNAUTHORIZED, "The credential has expired.";
    AuthRevoked = "auth.revoked", UNAUTHORIZED, "The credential was revoked.";
    AuthProofNeeded = "auth.proof_needed", UNAUTHORIZED,
        "A proof that the sender holds the credential's key is needed.";
    AuthProofInvalid = "auth.proof_invalid", UNAUTHORIZED,
        "The proof is not good for this request.";
    AuthCrossSite = "auth.cross_site", FORBIDDEN, "Another site sent this request.";
    AuthorizationPending = "authorization_pending", BAD_REQUEST, "Nobody has decided yet.";
    SlowDown = "slow_down", BAD_REQUEST, "The device asks too often.";
    AccessDenied = "access_denied", BAD_REQUEST, "The device was not let in.";
    ExpiredToken = "expired_token", BAD_REQUEST, "The code is over.";
    AuthFactorWrong = "auth.factor_wrong", UNAUTHORIZED, "The second factor is wrong.";
    AuthThrottled = "auth.throttled", TOO_MANY_REQUESTS, "Too many tries; wait a while.";
    AuthChallenge = "auth.challenge", UNAUTHORIZED, "Sign-ins from here have to prove work first.";
    AuthBusy = "auth.busy", SERVICE_UNAVAILABLE, "Too many sign-ins at once; try again.";
    RateLimited = "rate.limited", TOO_MANY_REQUESTS, "Too many requests; wait a while.";
    SsoTransactionInvalid = "sso.transaction_invalid", UNAUTHORIZED,
        "This sign-in is over, or was begun in another browser.";
    SsoProviderFailed = "sso.provider_failed", BAD_GATEWAY,
        "The identity provider does not answer as it should.";
    SsoProviderNotPublic = "sso.provider_not_public", BAD_GATEWAY,
        "The identity provider's address is not a public one.";
    SsoProviderRefused = "sso.provider_refused", UNAUTHORIZED,
        "The identity provider did not let the person in.";
    SsoIssuerMixed = "sso.issuer_mixed", UNAUTHORIZED,
        "The answer came from another identity provider than the one asked.";
    SsoTokenRefused = "sso.token_refused", UNAUTHORIZED,
        "The identity provider's token is not valid for this sign-in.";
    SsoTenantRefused = "sso.tenant_refused", FORBIDDEN,
        "People of this organisation are not let in.";
    SsoEmailUnverified = "sso.email_unverified", FORBIDDEN,
        "The identity provider has not verified the e-mail address.";
    SsoAccountExists = "sso.account_exists", CONFLICT,
        "There is an account with this address; sign in and link the provider there.";
    SsoNoAccount = "sso.no_account", FORBIDDEN, "Nobody here is known by this identity.";
    SsoNeeded = "sso.needed", FORBIDDEN,
        "This workspace is entered through its identity provider.";
    SsoProviderNotTaken = "sso.provider_not_taken", FORBIDDEN,
        "This workspace does not take the provider that the session came from.";
    SsoFactorNotCounted = "sso.factor_not_counted", FORBIDDEN,
        "This workspace needs a second factor enrolled here, or one it counts.";
    SsoOnlyWayIn = "sso.only_way_in", CONFLICT, "It is the only way into the account.";
    SsoIdentityOther = "sso.identity_other", FORBIDDEN,
        "Somebody else signed in at the identity provider.";
    SessionConfined = "session.confined", FORBIDDEN,
        "The session stands on a provider's word; this needs a factor of the person's own.";
    DomainNotProved = "domain.not_proved", CONFLICT, "The text record was not found.";
    DomainNames = "domain.names_unavailable", SERVICE_UNAVAILABLE,
        "The name servers did not answer; try again.";
    FactorNeeded = "factor.needed", UNAUTHORIZED, "A second factor is needed.";
    FactorNotFresh = "factor.not_fresh", FORBIDDEN,
        "This needs a second factor given a short while ago.";
    PasskeyRefused = "passkey.refused", UNPROCESSABLE_ENTITY,
        "The challenge is over, or this is not its answer.";
    PasskeyNotHardware = "passkey.not_hardware", UNPROCESSABLE_ENTITY,
        "Staff registers passkeys that live in hardware of a trusted vendor.";
    PasskeyLastOfStaff = "passkey.last_of_staff", CONFLICT,
        "A member of the staff keeps at least one passkey.";
    PasskeyUnavailable = "passkey.unavailable", CONFLICT,
        "This instance has no name in its URL, so passkeys cannot be used.";
    StaffPasskeyNeeded = "staff.passkey_needed", FORBIDDEN,
        "Staff signs in with a passkey for this.";
    StaffHardwareNeeded = "staff.hardware_needed", FORBIDDEN,
        "Staff signs in with a passkey in hardware of a trusted vendor.";
    GlassTwoPeople = "glass.two_people", FORBIDDEN,
        "Another person agrees, in a session and with a passkey of their own.";
    GlassNotOpen = "glass.not_open", CONFLICT, "Nothing stands that opens this now.";
    GlassNotTold = "glass.not_told", CONFLICT,
        "The workspace was not told of it, so nothing is opened.";
    PersonNeeded = "person.needed", FORBIDDEN, "This needs a signed-in person.";
    KeyScopeMissing = "key.scope_missing", FORBIDDEN, "The API key was not given this act.";
    ActNotHeld = "act.not_held", FORBIDDEN, "The caller's role does not allow this.";
    RankNewRole = "rank.new_role_not_below_actor", FORBIDDEN,
        "Only roles below the caller's own can be given.";
    RankTarget = "rank.target_not_below_actor", FORBIDDEN, "The member must rank below the caller.";
    RankOwnership = "rank.ownership_moves_by_transfer_only", FORBIDDEN,
        "Ownership moves by transfer only.";
    RankAbove = "rank.above_actor", FORBIDDEN, "This is more than the caller may hand out.";
    RankInviter = "rank.inviter_lost_right", FORBIDDEN, "Whoever invited may no longer give this.";
    RankOneself = "rank.oneself", FORBIDDEN, "This cannot be done to oneself.";
    ProductionStaysInside = "production.stays_inside", FORBIDDEN,
        "This workspace keeps production secrets inside.";
    WorkspaceDeviceRefused = "workspace.device_refused", FORBIDDEN,
        "This workspace lets no device in.";
    WorkspaceNotChosen = "workspace.not_chosen", FORBIDDEN,
        "The session is in no workspace; choose one.";
    NotFound = "not_found", NOT_FOUND,
        "There is no such thing, or it is not visible to the caller.";
    LogDropped = "log.dropped", GONE,
        "The entry is past its time; the log begins at a boundary behind it.";
    MethodNotAllowed = "method.not_allowed", METHOD_NOT_ALLOWED, "This method does not exist here.";
    ConflictExists = "conflict.exists", CONFLICT, "It exists already.";
    ConflictVersion = "conflict.version", PRECONDITION_FAILED, "It has changed since it was read.";
    LimitReached = "limit.reached", CONFLICT, "A limit is reached; something must go first.";
    InputMalformed = "input.malformed", BAD_REQUEST, "The request cannot be read.";
    InputTooDeep = "input.too_deep", BAD_REQUEST, "The JSON is nested too deeply.";
    InputTooLarge = "input.too_large", PAYLOAD_TOO_LARGE, "The request is too large.";
    InputMediaType = "input.media_type", UNSUPPORTED_MEDIA_TYPE,
        "The body must be application/json.";
    InputInvalid = "input.invalid", UNPROCESSABLE_ENTITY, "A value breaks its rule.";
    IdempotencyReused = "idempotency.reused", UNPROCESSABLE_ENTITY,
        "This idempotency key was used for another request.";
    IdempotencyRunning = "idempotency.running", CONFLICT,
        "The first request with this idempotency key has no answer yet.";
    StorageFull = "storage.full", INSUFFICIENT_STORAGE, "No space is left for the data.";
    StorageUnavailable = "storage.unavailable", SERVICE_UNAVAILABLE,
        "The database cannot be reached; try again.";
    SealingUnavailable = "sealing.unavailable", SERVICE_UNAVAILABLE,
        "The key broker cannot be reached; try again.";
    TimedOut = "request.timed_out", SERVICE_UNAVAILABLE, "The request took too long.";
    Internal = "internal", INTERNAL_SERVER_ERROR,
        "Something failed inside; the request id finds it in the log.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_codes_share_a_text() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
    }
}

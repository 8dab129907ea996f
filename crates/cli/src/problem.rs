//! A problem as the server tells it (RFC 9457), its exit code, and a sentence that says what to do
//! next.
//!
//! Always true: every stable code of the API has an exit code and an advice; a code this version
//! does not know is judged by its status, so an older CLI still ends in the right way.

use serde::Deserialize;

use crate::Exit;
use crate::work::Challenge;

/// What the server said instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error("{}", self.sentence())]
pub(crate) struct Problem {
    /// The HTTP status; taken from the response, whatever the body says.
    #[serde(default)]
    pub(crate) status: u16,
    /// The stable code.
    #[serde(default)]
    pub(crate) code: String,
    /// A short title.
    #[serde(default)]
    pub(crate) title: String,
    /// What happened, for people.
    #[serde(default)]
    pub(crate) detail: Option<String>,
    /// Names the request in the server's log.
    #[serde(default)]
    pub(crate) request_id: Option<String>,
    /// Seconds after which it may be tried again; from the `Retry-After` header.
    #[serde(skip)]
    pub(crate) retry_after_s: Option<u64>,
    /// The fields that were refused, for `input.invalid`.
    #[serde(default)]
    pub(crate) errors: Vec<FieldError>,
    /// The work to prove first, for `auth.challenge`.
    #[serde(default)]
    pub(crate) challenge: Option<Challenge>,
}

/// One refused field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct FieldError {
    /// Which field.
    #[serde(default)]
    pub(crate) field: String,
    /// Why.
    #[serde(default)]
    pub(crate) detail: String,
}

/// What a code means for the person who reads it.
struct Meaning {
    exit: Exit,
    advice: &'static str,
}

impl Problem {
    /// A problem without a body that says so.
    pub(crate) fn bare(status: u16) -> Self {
        Self {
            status,
            code: String::new(),
            title: format!("the server answered {status}"),
            detail: None,
            request_id: None,
            retry_after_s: None,
            errors: Vec::new(),
            challenge: None,
        }
    }

    /// Whether this problem has that stable code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// The exit code that says this.
    pub(crate) fn exit(&self) -> Exit {
        self.meaning().exit
    }

    /// What to do next.
    pub(crate) fn advice(&self) -> String {
        let advice = self.meaning().advice;
        match self.retry_after_s {
            Some(seconds) => format!("{advice} The server asks to wait {seconds} s."),
            None => advice.to_owned(),
        }
    }

    fn sentence(&self) -> String {
        let mut sentence = match (&self.detail, self.title.is_empty()) {
            (Some(detail), _) if !detail.is_empty() => detail.clone(),
            (_, false) => self.title.clone(),
            _ => format!("the server answered {}", self.status),
        };
        for error in &self.errors {
            sentence.push_str(&format!("\n  {}: {}", error.field, error.detail));
        }
        sentence
    }

    fn meaning(&self) -> Meaning {
        let (exit, advice) = known(&self.code).unwrap_or_else(|| by_status(self.status));
        Meaning { exit, advice }
    }
}

/// The meaning of each stable code.
fn known(code: &str) -> Option<(Exit, &'static str)> {
    use Exit::{Conflict, Failed, NotFound, Refused, SignIn, TryAgain, Usage};
    Some(match code {
        "auth.missing" | "auth.expired" => (SignIn, "Run `casemate login`."),
        "auth.revoked" => (SignIn, "You were signed out elsewhere; run `casemate login`."),
        "auth.invalid" => (
            SignIn,
            "Sign in with `casemate login`; check e-mail, password and code (a code works once).",
        ),
        "auth.factor_wrong" => (
            SignIn,
            "Wait for the next code of your authenticator, or use a backup code. Whoever signs in \
             through a provider alone runs `casemate login` again.",
        ),
        "auth.throttled" => (TryAgain, "Too many attempts; wait, then try again."),
        "auth.challenge" => {
            (TryAgain, "Sign-ins from here have to prove work, and it was not taken; try again.")
        }
        "rate.limited" => (TryAgain, "Too many requests; wait, then try again."),
        "auth.busy" => (TryAgain, "The server is busy with sign-ins; try again in a moment."),
        "factor.not_fresh" => (SignIn, "This needs a fresh code of your authenticator."),
        "passkey.refused" => (Refused, "Start again from the page: a challenge is used once."),
        "passkey.not_hardware" => (Refused, "Use a security key, or one that the operator trusts."),
        "passkey.last_of_staff" => (Conflict, "Add another passkey first, then remove this one."),
        "passkey.unavailable" => (Refused, "The operator must give the server a name (api.url)."),
        "staff.hardware_needed" => (SignIn, "Sign in with a security key, in a browser."),
        "staff.passkey_needed" => (SignIn, "Sign in with a passkey, in a browser."),
        "person.needed" => (Refused, "An API key cannot do this; sign in as a person."),
        "key.scope_missing" => (Refused, "Make a key with this scope: `casemate keys create`."),
        "act.not_held" => (Refused, "Ask an admin or the owner to do it, or for the right to."),
        "rank.new_role_not_below_actor" => (Refused, "Give a role below your own."),
        "rank.target_not_below_actor" => (Refused, "Ask somebody who ranks above this member."),
        "rank.ownership_moves_by_transfer_only" => {
            (Refused, "The owner can hand over with `casemate workspaces transfer`.")
        }
        "rank.above_actor" => (Refused, "Nobody can hand out more than they hold themselves."),
        "rank.inviter_lost_right" => (Refused, "Ask for a new invitation from somebody else."),
        "rank.oneself" => (Refused, "Ask somebody else to do this to your membership."),
        "production.stays_inside" => (
            Refused,
            "Use another environment; an admin can allow it: \
             `casemate workspaces settings --production-local-use allowed`.",
        ),
        "log.dropped" => (NotFound, "It is past its time; exports begin at the log's boundary."),
        "not_found" => (NotFound, "Check the name, and the workspace with `casemate whoami`."),
        "conflict.exists" => (Conflict, "Choose another name, or change the one that exists."),
        "conflict.version" => (Conflict, "It changed meanwhile: look at it again, then repeat."),
        "limit.reached" => (Refused, "Remove what is no longer needed first."),
        "input.invalid" | "input.malformed" | "input.too_deep" => {
            (Usage, "Correct what is named above.")
        }
        "input.media_type" | "method.not_allowed" => {
            (Failed, "Server and CLI differ in version; compare both with `--version`.")
        }
        "input.too_large" => (Usage, "Make it smaller."),
        "idempotency.reused" => (Conflict, "Run the command again."),
        "idempotency.running" | "request.timed_out" => {
            (TryAgain, "Look whether it was done before you try again.")
        }
        "workspace.not_chosen" => (Refused, "Choose one with `casemate workspaces use NAME`."),
        "storage.full" => (TryAgain, "The operator must make room on the server's disk."),
        "storage.unavailable" => (TryAgain, "The server's database is away; try again shortly."),
        "sealing.unavailable" => (TryAgain, "The server's key broker is away; try again shortly."),
        "recovery.not_confirmed" => {
            (Refused, "The operator must run `casemate slots confirm` first.")
        }
        "internal" => (Failed, "Give the request id to the operator."),
        _ => return of_clients(code),
    })
}

/// The meaning of codes about how a client is let in and holds its sign-in.
fn of_clients(code: &str) -> Option<(Exit, &'static str)> {
    use Exit::{Refused, SignIn, TryAgain};
    Some(match code {
        "auth.proof_needed" => {
            (SignIn, "This sign-in is bound to a key that is not here; run `casemate login`.")
        }
        "auth.proof_invalid" => (
            SignIn,
            "Check this machine's clock, and that --server is the address the server knows itself \
             by (`api.url`); then run `casemate login`.",
        ),
        "auth.cross_site" => (Refused, "Use the server's own page."),
        "authorization_pending" | "slow_down" => {
            (TryAgain, "Wait until somebody lets the device in.")
        }
        "access_denied" => (Refused, "Somebody did not let this machine in."),
        "expired_token" => (SignIn, "The code is over; run `casemate login --device` again."),
        "workspace.device_refused" => (
            Refused,
            "Sign in with `casemate login --browser` or `--password`; an admin can allow it: \
             `casemate workspaces settings --device-sign-in allowed`.",
        ),
        _ => return of_providers(code),
    })
}

/// The meaning of each stable code around identity providers.
fn of_providers(code: &str) -> Option<(Exit, &'static str)> {
    use Exit::{Conflict, Refused, SignIn, TryAgain};
    Some(match code {
        "factor.needed" => (SignIn, "Give a code of your own authenticator as well."),
        "session.confined" => {
            (Refused, "Sign in with a password or passkey of your own, then try again.")
        }
        "sso.transaction_invalid" => (SignIn, "Start the sign-in again, in one browser."),
        "sso.provider_failed" | "sso.provider_not_public" => {
            (TryAgain, "The identity provider does not answer as it should; ask an admin.")
        }
        "sso.provider_refused" => (SignIn, "The identity provider said no; try again there."),
        "sso.issuer_mixed" | "sso.token_refused" => {
            (Refused, "The answer was not this provider's; tell an admin before trying again.")
        }
        "sso.tenant_refused" | "sso.email_unverified" => {
            (Refused, "Use another account of the provider, or verify its address there.")
        }
        "sso.account_exists" => {
            (Refused, "Sign in as before, then link the provider to your account.")
        }
        "sso.no_account" => (Refused, "Ask an admin of the workspace for an invitation."),
        "sso.needed" => (Refused, "This workspace is entered through its identity provider only."),
        "sso.provider_not_taken" => (Refused, "Use a provider that the workspace takes."),
        "sso.factor_not_counted" => {
            (Refused, "Sign in again and give a factor of your own as well.")
        }
        "sso.identity_other" => (Refused, "Sign in there as the person of this session."),
        "sso.only_way_in" => (Conflict, "Add another way to sign in first."),
        "domain.not_proved" => (Conflict, "Set the TXT record as told, then prove it again."),
        "domain.names_unavailable" => (TryAgain, "Name servers could not be asked; try again."),
        _ => return of_broken_glass(code),
    })
}

/// The meaning of each stable code around broken glass.
fn of_broken_glass(code: &str) -> Option<(Exit, &'static str)> {
    use Exit::{Conflict, Refused};
    Some(match code {
        "glass.two_people" => (Refused, "Ask another one of the staff to agree."),
        "glass.not_open" => (
            Conflict,
            "It is over, was ended, or nobody agreed: `casemate break-glass list --staff`. Ask \
             again where it is still needed.",
        ),
        "glass.not_told" => (
            Conflict,
            "A message about it is missing from the outbox. Find out who removed it; ask again.",
        ),
        _ => return None,
    })
}

/// Whether this version knows the code.
#[cfg(test)]
pub(crate) fn is_known(code: &str) -> bool {
    known(code).is_some()
}

/// The meaning of a status whose code this version does not know.
const fn by_status(status: u16) -> (Exit, &'static str) {
    match status {
        401 => (Exit::SignIn, "Run `casemate login`."),
        403 => (Exit::Refused, "Ask an admin or the owner."),
        404 | 410 => (Exit::NotFound, "Check the name."),
        409 | 412 => (Exit::Conflict, "Look at it again, then repeat."),
        400 | 413 | 414 | 415 | 422 => (Exit::Usage, "Correct what is named above."),
        429 | 502..=504 | 507 => (Exit::TryAgain, "Try again in a moment."),
        _ => (Exit::Failed, "Give the request id to the operator."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, code: &str) -> Problem {
        Problem { code: code.to_owned(), ..Problem::bare(status) }
    }

    #[test]
    fn codes_decide_before_statuses() {
        assert_eq!(problem(403, "factor.not_fresh").exit(), Exit::SignIn);
        assert_eq!(problem(403, "act.not_held").exit(), Exit::Refused);
        assert_eq!(problem(412, "conflict.version").exit(), Exit::Conflict);
        assert_eq!(problem(503, "sealing.unavailable").exit(), Exit::TryAgain);
    }

    #[test]
    fn unknown_code_is_judged_by_its_status() {
        assert_eq!(problem(401, "auth.from_the_future").exit(), Exit::SignIn);
        assert_eq!(problem(404, "").exit(), Exit::NotFound);
        assert_eq!(problem(507, "storage.odd").exit(), Exit::TryAgain);
        assert_eq!(problem(500, "odd").exit(), Exit::Failed);
    }

    #[test]
    fn refused_fields_are_named() {
        let mut problem = problem(422, "input.invalid");
        problem.errors = vec![FieldError {
            field: "name".to_owned(),
            detail: "it must not be empty".to_owned(),
        }];
        assert!(problem.to_string().contains("name: it must not be empty"));
    }

    #[test]
    fn waiting_time_is_told() {
        let problem = Problem { retry_after_s: Some(7), ..problem(429, "auth.throttled") };
        assert!(problem.advice().contains("7 s"));
    }
}

//! API version 1: a folder per noun, a file per verb.
//!
//! Always true
//! 1. A handler checks nothing itself: it names its caller ([`crate::extract::Member`] or
//!    [`crate::extract::Account`], or neither), reads its shapes, calls one use case, and shows the
//!    answer.
//! 2. A workspace named in a path is compared with the credential's, and answered with 404 when it
//!    differs.
//! 3. `/v1` only grows: a field may be added to an answer, never taken away.
//!
//! How to add an endpoint: write the verb's file beside its siblings (shapes, example, handler),
//! add it to the noun's `routes`, map a new error in `problem/`, then run the tests: the document
//! and the matrix must be extended, and say so.

pub mod account;
pub mod audit;
pub mod audit_streams;
pub mod authorizations;
pub mod break_glass;
pub mod device_grants;
pub mod enrolments;
pub mod environments;
pub mod holds;
pub mod identities;
pub mod invitations;
pub mod key_reports;
pub mod keys;
pub mod members;
pub mod passkey_challenges;
pub mod passkeys;
pub mod password_resets;
pub mod project_members;
pub mod projects;
pub mod recoveries;
pub mod sealing_keys;
pub mod secrets;
pub mod security_log;
pub mod sessions;
pub mod sign_in;
pub mod sso;
pub mod staff;
pub mod whoami;
pub mod workspaces;

use utoipa_axum::router::OpenApiRouter;

use crate::house::House;

/// Every route of the version.
pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .merge(enrolments::routes())
        .merge(sessions::routes())
        .merge(passkeys::routes())
        .merge(passkey_challenges::routes())
        .merge(authorizations::routes())
        .merge(device_grants::routes())
        .merge(sso::routes())
        .merge(identities::routes())
        .merge(whoami::routes())
        .merge(account::routes())
        .merge(password_resets::routes())
        .merge(recoveries::routes())
        .merge(workspaces::routes())
        .merge(members::routes())
        .merge(sign_in::routes())
        .merge(sealing_keys::routes())
        .merge(invitations::routes())
        .merge(projects::routes())
        .merge(project_members::routes())
        .merge(environments::routes())
        .merge(secrets::routes())
        .merge(keys::routes())
        .merge(key_reports::routes())
        .merge(security_log::routes())
        .merge(audit::routes())
        .merge(holds::routes())
        .merge(audit_streams::routes())
        .merge(staff::routes())
        .merge(break_glass::routes())
}

//! Single sign-on: people are recognised by an identity provider, the platform's or a workspace's
//! own.
//!
//! Always true
//! 1. An identity is (issuer, subject). An address links nothing: an account that exists is linked
//!    by its signed-in person, with a fresh factor, and in no other way.
//! 2. A way to a provider is walked once, by the browser that began it: a `__Host-` cookie and the
//!    state name it, both under the broker's code; PKCE and the nonce are made from them.
//! 3. A session is born when everything was judged, and from two factors: the provider's word
//!    counts as both only where a workspace says so, and then the session is that workspace's.
//! 4. What a provider sends is read by the guarded client, bounded, and believed only after its
//!    signature, issuer, audience, nonce and time were checked.
//!
//! Honest limit: the time of an ID token is judged by this machine's clock.
//!
//! Sources: OpenID Connect Core 1.0, RFC 9700, RFC 9207, ASVS 5.0 10.5 and 6.8.

mod callback;
mod config;
mod discovery;
pub(crate) mod door;
mod error;
mod github;
mod identities;
mod link;
mod manage;
mod newcomer;
mod redeem;
mod start;
mod step_up;
mod target;
mod token;
mod way;

pub use callback::{Back, Returned, callback};
pub use config::{PlatformSettings, SsoConfig};
pub use error::SsoError;
pub use identities::{list as list_identities, unlink};
pub use link::confirm as confirm_link;
pub use manage::{
    ManageError, NewProvider, add_provider, change_provider, claim_domain, domains, policy,
    proof_of, prove_domain, providers, remove_domain, remove_provider, set_policy,
};
pub use redeem::{Redemption, Ticket, redeem};
pub use start::{Begin, Begun, begin, begin_link, begin_step_up, platform_providers};
pub use step_up::step_up;

pub(crate) use config::Sso;
pub(crate) use target::at_the_door;

//! `sso`: how people may sign in to the current workspace.

pub(crate) mod domains;
pub(crate) mod policy;
pub(crate) mod providers;

use super::Context;
use crate::failure::Failure;

/// Choose how people may sign in to the current workspace
#[derive(Debug, clap::Subcommand)]
pub enum Sso {
    /// See or change the sign-in policy
    Policy(policy::Policy),
    /// Identity providers of the workspace's own
    #[command(subcommand)]
    Providers(providers::Providers),
    /// E-mail domains that the workspace proves to own
    #[command(subcommand)]
    Domains(domains::Domains),
}

/// Does the verb.
pub(crate) async fn run(verb: Sso, context: &Context) -> Result<(), Failure> {
    match verb {
        Sso::Policy(arguments) => policy::run(&arguments, context).await,
        Sso::Providers(verb) => providers::run(&verb, context).await,
        Sso::Domains(verb) => domains::run(&verb, context).await,
    }
}

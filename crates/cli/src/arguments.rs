//! The command line's shape: the commands, and the flags that every command takes.
//!
//! Always true: no flag takes a secret. What is secret is asked for, piped, or read from the file a
//! flag names.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use crate::client::{Fingerprint, FingerprintError};
use crate::commands::{
    account, audit, break_glass, completions, environments, factors, identities, invitations, keys,
    login, logout, manpages, members, passkeys, password, projects, recovery, run, sealing_keys,
    secrets, sessions, signup, sso, verify, whoami, workspaces,
};

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere", after_help = crate::exit::TABLE)]
pub struct Globals {
    /// Print results as JSON lines
    #[arg(long, global = true)]
    pub json: bool,
    /// Server to talk to [default: the one signed in to, else https://127.0.0.1:8443]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CASEMATE_SERVER",
        hide_env_values = true
    )]
    pub server: Option<Url>,
    /// Profile: a sign-in of its own [default: default]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "CASEMATE_PROFILE",
        hide_env_values = true
    )]
    pub profile: Option<String>,
    /// Trust the certificates in this PEM file (at signup and login)
    #[arg(long, global = true, value_name = "FILE", env = "CASEMATE_CA", hide_env_values = true)]
    pub ca: Option<PathBuf>,
    /// Trust the certificate with this SHA-256 (at signup and login)
    #[arg(long, global = true, value_name = "SHA256", conflicts_with = "ca")]
    pub fingerprint: Option<FingerprintArgument>,
    /// Read the authenticator's code from this file ("-" for stdin)
    #[arg(long, global = true, value_name = "FILE")]
    pub totp_file: Option<PathBuf>,
    /// Say more on stderr
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// No colours
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// A fingerprint as an argument.
#[derive(Debug, Clone, Copy)]
pub struct FingerprintArgument(pub(crate) Fingerprint);

impl std::str::FromStr for FingerprintArgument {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What a person does with Casemate.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create your account from a link and its code
    Signup(signup::Signup),
    /// Sign in
    Login(login::Login),
    /// Sign out
    Logout(logout::Logout),
    /// Show who is signed in, and where
    Whoami(whoami::Whoami),
    /// Change or reset your password
    #[command(subcommand)]
    Password(password::Password),
    /// Replace your second factors
    #[command(subcommand)]
    Factors(factors::Factors),
    /// Recover an account whose password and second factor are both lost
    #[command(subcommand)]
    Recovery(recovery::Recovery),
    /// See what happened to your account
    #[command(subcommand)]
    Account(account::OwnAccount),
    /// See and end your sessions
    #[command(subcommand)]
    Sessions(sessions::Sessions),
    /// See and remove your passkeys
    #[command(subcommand)]
    Passkeys(passkeys::Passkeys),
    /// See and unlink the providers that can sign you in
    #[command(subcommand)]
    Identities(identities::Identities),
    /// Choose how people may sign in to the current workspace
    #[command(subcommand)]
    Sso(sso::Sso),
    /// The keys that seal the workspace's records
    #[command(subcommand)]
    SealingKeys(sealing_keys::SealingKeys),
    /// Secrets that the platform's staff opens in an emergency, two people agreeing
    #[command(subcommand)]
    BreakGlass(break_glass::BreakGlass),
    /// Create, choose and hand over workspaces
    #[command(subcommand)]
    Workspaces(workspaces::Workspaces),
    /// See and change the team
    #[command(subcommand)]
    Members(members::Members),
    /// See, take back and accept invitations
    #[command(subcommand)]
    Invitations(invitations::Invitations),
    /// Create projects and let members in
    #[command(subcommand)]
    Projects(projects::Projects),
    /// See and create environments
    #[command(subcommand)]
    Environments(environments::Environments),
    /// Seal, rotate, reveal and delete secrets
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    /// Make and revoke API keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Start a program with an environment's secrets
    Run(run::Run),
    /// Read and export the audit log
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Verify an audit export, offline
    Verify(verify::Verify),
    /// Print the completions of a shell
    Completions(completions::Completions),
    /// Write the man pages into a folder
    #[command(hide = true)]
    Manpages(manpages::Manpages),
}

//! The commands: one folder for each noun, one file for each verb.
//!
//! A verb's file holds its arguments, the shapes it sends and reads, and one function that does it.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod break_glass;
pub(crate) mod completions;
pub(crate) mod environments;
pub(crate) mod factors;
pub(crate) mod first_contact;
pub(crate) mod identities;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod mailed;
pub(crate) mod manpages;
pub(crate) mod members;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod projects;
pub(crate) mod recovery;
pub(crate) mod run;
pub(crate) mod sealing_keys;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod signup;
pub(crate) mod sso;
pub(crate) mod verify;
pub(crate) mod whoami;
pub(crate) mod workspaces;

use std::path::PathBuf;
use std::process::ExitCode;

use url::Url;

use crate::account::Account;
use crate::arguments::{Command, Globals};
use crate::client::Fingerprint;
use crate::config::Settings;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::prompt::Stdin;

/// What every command is given.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) output: Output,
    pub(crate) server: Option<Url>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) totp_file: Option<PathBuf>,
}

impl Context {
    fn new(globals: &Globals, output: Output) -> Result<Self, Failure> {
        Ok(Self {
            settings: Settings::load(globals)?,
            output,
            server: globals.server.clone(),
            ca: globals.ca.clone(),
            fingerprint: globals.fingerprint.map(|argument| argument.0),
            totp_file: globals.totp_file.clone(),
        })
    }

    /// The signed-in person; questions may be answered by a pipe.
    ///
    /// Errors: nobody is signed in.
    pub(crate) fn account(&self) -> Result<Account, Failure> {
        Account::open(self, Stdin::Answers)
    }
}

/// Does the command.
///
/// Errors: why it was not done; nothing is printed about it yet.
pub(crate) async fn dispatch(
    command: Command,
    globals: &Globals,
    tree: clap::Command,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let context = match command {
        Command::Completions(arguments) => return done(completions::run(&arguments, tree)),
        Command::Manpages(arguments) => return done(manpages::run(&arguments, &tree)),
        _ => Context::new(globals, *output)?,
    };
    match command {
        Command::Run(arguments) => return run::run(arguments, &context).await,
        Command::Verify(arguments) => return verify::run(&arguments, &context).map(ExitCode::from),
        Command::Signup(arguments) => signup::run(&arguments, &context).await,
        Command::Login(arguments) => login::run(&arguments, &context).await,
        Command::Logout(arguments) => logout::run(&arguments, &context).await,
        Command::Whoami(arguments) => whoami::run(&arguments, &context).await,
        Command::Password(verb) => password::run(verb, &context).await,
        Command::Factors(verb) => factors::run(verb, &context).await,
        Command::Recovery(verb) => recovery::run(verb, &context).await,
        Command::Account(verb) => account::run(verb, &context).await,
        Command::Sessions(verb) => sessions::run(verb, &context).await,
        Command::Passkeys(verb) => passkeys::run(verb, &context).await,
        Command::Identities(verb) => identities::run(&verb, &context).await,
        Command::BreakGlass(verb) => break_glass::run(verb, &context).await,
        Command::SealingKeys(verb) => sealing_keys::run(verb, &context).await,
        Command::Sso(verb) => sso::run(verb, &context).await,
        Command::Workspaces(verb) => workspaces::run(verb, &context).await,
        Command::Members(verb) => members::run(verb, &context).await,
        Command::Invitations(verb) => invitations::run(verb, &context).await,
        Command::Projects(verb) => projects::run(verb, &context).await,
        Command::Environments(verb) => environments::run(verb, &context).await,
        Command::Secrets(verb) => secrets::run(verb, &context).await,
        Command::Keys(verb) => keys::run(verb, &context).await,
        Command::Audit(verb) => audit::run(verb, &context).await,
        Command::Completions(_) | Command::Manpages(_) => Ok(()),
    }
    .map(|()| Exit::Done.into())
}

fn done(result: Result<(), Failure>) -> Result<ExitCode, Failure> {
    result.map(|()| Exit::Done.into())
}

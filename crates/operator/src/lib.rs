//! Local administration on the host: starting the platform, looking after it, and mending it.
//!
//! Always true
//! 1. Everything here needs the rights of the host's operator; nothing of it is reachable over the
//!    network.
//! 2. A refusal says what happened and how to mend it ([`failure::Teaches`]).
//! 3. Slots and key files lie in the config folder, everything else in the data folder
//!    ([`layout`]).
//! 4. A code is shown on a terminal, or put into a file for its owner alone; it is never in a log.
//!
//! Never: an HTTP API; a tenant's data but sealed and on its way into or out of a backup; a key in
//! this process after the first start's setup, but in `sealing`, `restore` and `backup drill`.

mod backup;
mod config;
mod data;
mod database;
mod doctor;
mod failure;
mod folders;
mod format;
mod handout;
mod holds;
mod keys;
mod layout;
mod link;
mod lock;
mod logging;
mod migrate;
mod output;
mod people;
mod processes;
mod risk;
mod sealing;
mod settings;
mod slots;
mod staff;
mod unseal;
mod up;
mod users;
mod witness;

use std::process::ExitCode;

pub use failure::{Exit, Failure, Teaches};
pub use output::{Form, Output};

/// The commands that run on the host itself.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Start the platform and keep it running.
    Up(up::Up),
    /// Run the key broker alone (`up` starts it for you).
    Broker(processes::Broker),
    /// Fetch one wrapping key for the broker.
    #[command(hide = true)]
    UnsealHelper(unseal::UnsealHelper),
    /// Run the API and the workers alone (`up` starts them for you).
    Serve(processes::Serve),
    /// Check everything, and say how to mend what is wrong. Changes nothing.
    Doctor(doctor::Doctor),
    /// The ways to open the root key.
    #[command(subcommand)]
    Slots(slots::Slots),
    /// The keys that seal everything: ages, rotation, destruction.
    #[command(subcommand)]
    Sealing(sealing::Sealing),
    /// What keeps security logs whole, however old.
    #[command(subcommand)]
    Holds(holds::Holds),
    /// The settings.
    #[command(subcommand)]
    Config(config::Config),
    /// PostgreSQL.
    #[command(subcommand)]
    Database(database::Database),
    /// Backups: make one, look at them, rehearse a restore.
    #[command(subcommand)]
    Backup(backup::Backup),
    /// Bring a lost installation back from a backup, into an empty folder or database.
    Restore(backup::Restore),
    /// Bring the database's schema to this version.
    Migrate(migrate::Migrate),
    /// The judgement of sign-ins.
    #[command(subcommand)]
    Risk(risk::Risk),
    /// Make a new link and code for the first owner, while there is none.
    Link(link::Link),
    /// Who works for the platform itself.
    #[command(subcommand)]
    Staff(staff::Staff),
    /// People's accounts: sign somebody out, give an owner back what they lost.
    #[command(subcommand)]
    People(people::People),
    /// A small witness for other people's logs.
    #[command(subcommand)]
    Witness(witness::Witness),
}

/// Runs one command to its end. Everything that went wrong is already printed when this returns.
///
/// Call it before any thread starts: `broker` and `serve` confine the whole process.
#[must_use]
pub fn run(command: Command, form: Form) -> ExitCode {
    let output = Output::new(form);
    let done = match command {
        Command::Up(up) => up.run(&output),
        Command::Broker(broker) => broker.run(),
        Command::UnsealHelper(helper) => helper.run(),
        Command::Serve(serve) => serve.run(),
        Command::Doctor(doctor) => doctor.run(&output),
        Command::Slots(slots) => slots.run(&output),
        Command::Sealing(sealing) => sealing.run(&output),
        Command::Holds(holds) => holds.run(&output),
        Command::Config(config) => config.run(&output),
        Command::Database(database) => database.run(&output),
        Command::Backup(backup) => backup.run(&output),
        Command::Restore(restore) => restore.run(&output),
        Command::Migrate(migrate) => migrate.run(&output),
        Command::Risk(risk) => risk.run(&output),
        Command::Link(link) => link.run(&output),
        Command::Staff(staff) => staff.run(&output),
        Command::People(people) => people.run(&output),
        Command::Witness(witness) => witness.run(&output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}

/// A runtime on this thread alone: what it starts dies with this thread, and no thread is left
/// behind.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("the event loop cannot be started: {error}"),
            "see that the limit on open files is not reached (ulimit -n)",
        )
    })
}

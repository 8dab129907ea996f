//! One supervised process: how it is started, watched and ended.
//!
//! Always true
//! 1. A child is this same program, runs as the user it was given, and does not outlive the
//!    supervisor: the kernel kills it when the supervisor dies, `kill -9` included
//!    (`PR_SET_PDEATHSIG`, set by [`bind_to_supervisor`]).
//! 2. A child is in a process group of its own, so Ctrl-C in a terminal reaches the supervisor
//!    alone, which ends the children in order.
//! 3. The broker gets an empty environment.
//!
//! The death signal is tied to the thread that started the child: the supervisor has one thread.

use std::ffi::OsString;
use std::fs::File;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use tokio::process::{Child as Process, Command};

use crate::failure::{Exit, Teaches};
use crate::keys;
use crate::output::Form;
use crate::settings::Settings;
use crate::users::{Account, Separation};

/// Which process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Broker,
    Serve,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Serve => "serve",
        }
    }
}

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
#[error("`casemate {name}` cannot be started", name = role.name())]
pub(crate) struct SpawnError {
    role: Role,
    source: std::io::Error,
}

impl Teaches for SpawnError {
    fn mend(&self) -> String {
        "see that /proc is mounted, that this program's file is executable for every user (mode 0755), and that \
         the limit on processes is not reached"
            .into()
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// What a process is started with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Orders<'a> {
    pub(crate) role: Role,
    pub(crate) settings: &'a Settings,
    /// Settings given on the supervisor's command line.
    pub(crate) flags: &'a [(String, String)],
    /// Who runs what.
    pub(crate) separation: Separation,
    /// How it says what went wrong.
    pub(crate) form: Form,
}

impl Orders<'_> {
    /// The user to become; `None` is this one.
    fn account(&self) -> Option<Account> {
        match (self.separation, self.role) {
            (Separation::Weak(_), _) => None,
            (Separation::Users { broker, .. }, Role::Broker) => Some(broker),
            (Separation::Users { serve, .. }, Role::Serve) => Some(serve),
        }
    }

    fn arguments(&self) -> Vec<OsString> {
        let places = &self.settings.places;
        let mut arguments: Vec<OsString> = vec![
            self.role.name().into(),
            "--data".into(),
            places.data.path().into(),
            "--config".into(),
            places.config.settings().into(),
            "--supervisor".into(),
            std::process::id().to_string().into(),
        ];
        for (key, value) in self.flags {
            arguments.extend(["--set".into(), format!("{key}={value}").into()]);
        }
        if self.form == Form::Json {
            arguments.push("--json".into());
        }
        if self.role == Role::Broker {
            self.add_brokers_own(&mut arguments);
        }
        arguments
    }

    /// The broker has no environment, so what the supervisor found there is spelled out; and it
    /// does not run as the supervisor, so neither does it know who its peers are.
    fn add_brokers_own(&self, arguments: &mut Vec<OsString>) {
        let broker = &self.settings.config.broker;
        let unseal = &broker.unseal;
        let places = [
            ("broker.key_store", Some(&broker.key_store)),
            ("broker.slots", Some(&broker.slots)),
            ("broker.socket", Some(&broker.socket)),
            ("broker.passphrase_file", broker.passphrase_file.as_ref()),
            ("broker.age_identity_file", unseal.age_identity_file.as_ref()),
            ("broker.shares_file", unseal.shares_file.as_ref()),
            ("broker.credentials_folder", unseal.credentials_folder.as_ref()),
            ("broker.kms_token_file", unseal.kms_token_file.as_ref()),
            ("broker.kms_root_certificate_file", unseal.kms_root_certificate_file.as_ref()),
            ("broker.pkcs11_module", unseal.pkcs11_module.as_ref()),
            ("broker.pkcs11_pin_file", unseal.pkcs11_pin_file.as_ref()),
        ];
        for (key, path) in places {
            let Some(path) = path else { continue };
            let mut setting = OsString::from(format!("{key}="));
            setting.push(path);
            arguments.extend(["--set".into(), setting]);
        }
        let variables = unseal.pkcs11_environment.iter();
        let variables: Vec<String> =
            variables.map(|(name, value)| format!("{name}={value}")).collect();
        if !variables.is_empty() {
            let words = format!("broker.pkcs11_environment={}", variables.join(","));
            arguments.extend(["--set".into(), words.into()]);
        }
        arguments.extend(["--set".into(), format!("broker.tpm={}", unseal.tpm).into()]);
        if let Some((name, _)) = self.credential() {
            arguments.extend(["--credential-on-stdin".into(), name.into()]);
        }
        for uid in self.separation.broker_peers() {
            arguments.extend(["--peer".into(), uid.to_string().into()]);
        }
    }
}

impl Orders<'_> {
    /// The credential that the broker's user may not open: the service manager gives its folder to
    /// the supervisor alone, which hands the open file on. One: standard input is one file.
    fn credential(&self) -> Option<(String, File)> {
        let folder = self.settings.config.broker.unseal.credentials_folder.as_ref()?;
        if self.role != Role::Broker || self.account().is_none() {
            return None;
        }
        let names = keys::credential_names(self.settings).into_iter();
        let inside = names.filter(|name| !name.contains('/') && name != "..");
        inside
            .filter_map(|name| File::open(folder.join(&name)).ok().map(|file| (name, file)))
            .next()
    }
}

/// A running process.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    started: Instant,
}

impl Child {
    /// Starts the process.
    pub(crate) fn spawn(orders: &Orders<'_>) -> Result<Self, SpawnError> {
        let role = orders.role;
        // The link to the running program, not its path: it works after the file was replaced, and
        // for a user who may not enter the folder it lies in.
        let mut command = Command::new("/proc/self/exe");
        let credential = orders.credential().map(|(_, file)| Stdio::from(file));
        command.arg0("casemate").args(orders.arguments());
        command.stdin(credential.unwrap_or_else(Stdio::null));
        command.process_group(0).kill_on_drop(true);
        match role {
            Role::Broker => command.env_clear(),
            // Large transactions of SQLite spill into a temporary file, and Landlock leaves `serve`
            // no folder for one but its own. It is nameless as soon as it is open.
            Role::Serve => command.env("SQLITE_TMPDIR", orders.settings.places.data.run()),
        };
        if let Some(account) = orders.account() {
            // The standard library also drops root's supplementary groups here.
            command.uid(account.uid).gid(account.gid);
        }
        let process = command.spawn().map_err(|source| SpawnError { role, source })?;
        Ok(Self { process, started: Instant::now() })
    }

    /// The process id; `None` once it was waited for.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits until it ends.
    pub(crate) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Sends `signal`. A process that was waited for gets none, so a reused id is never hit.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

/// Makes this process die with `supervisor`, its parent. Call before any thread starts.
///
/// Returns `false` when the supervisor is already gone: the caller must end at once. Asking for the
/// signal before looking at the parent leaves no moment in which its death goes unnoticed.
#[must_use]
pub(crate) fn bind_to_supervisor(supervisor: u32) -> bool {
    let bound = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    bound && parent.is_some_and(|parent| i64::from(parent) == i64::from(supervisor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Folders;

    #[test]
    fn a_child_whose_supervisor_is_gone_does_not_stay() {
        assert!(!bind_to_supervisor(std::process::id()), "this process is not its own parent");
        // Undo it for the process that runs the other tests.
        rustix::process::set_parent_process_death_signal(None).unwrap();
    }

    #[test]
    fn flags_reach_both_and_the_broker_is_told_its_places_and_peers() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders {
            data: Some(folder.path().join("data")),
            config: Some(folder.path().join("etc")),
        };
        let settings = Settings::load_or_begin(&folders, Vec::new()).unwrap();
        let flags = [("api.listen".to_owned(), "127.0.0.1:0".to_owned())];
        let (broker, serve) = (Account { uid: 1, gid: 1 }, Account { uid: 2, gid: 2 });
        let separation = Separation::Users { broker, serve };
        let orders = |role| Orders {
            role,
            settings: &settings,
            flags: &flags,
            separation,
            form: Form::Text,
        };
        let line = |role| {
            let words = orders(role).arguments();
            words.join(" ".as_ref()).into_string().unwrap()
        };
        let serve = line(Role::Serve);
        assert!(serve.starts_with("serve --data "), "{serve}");
        assert!(serve.ends_with("--set api.listen=127.0.0.1:0"), "{serve}");
        let broker = line(Role::Broker);
        let slots = settings.config.broker.slots.display();
        assert!(broker.contains(&format!("--set broker.slots={slots}")), "{broker}");
        assert!(broker.ends_with("--peer 0 --peer 2"), "{broker}");
        assert_eq!(orders(Role::Broker).account().map(|account| account.uid), Some(1));
    }
}

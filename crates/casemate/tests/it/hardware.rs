//! Slots whose key is in a token or a TPM, against SoftHSM and swtpm: real implementations of both
//! interfaces in software. `cargo xtask test` builds with both features and installs the packages.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::engine::Engine;
use crate::house::{House, free_port, until};

/// An installation whose first start is over; stopped.
fn begun() -> House {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    house.confirm_recovery(&up);
    up.stop();
    house
}

fn outcome(house: &House, slot: &str) -> String {
    let list = house.run(&["slots", "list"]).ok();
    let found = list.lines.iter().find(|line| line["id"] == slot);
    found.map_or_else(|| "none".into(), |line| line["outcome"].to_string())
}

fn elsewhere(fault: &str) -> String {
    format!("{{\"elsewhere\":\"{fault}\"}}")
}

/// Runs a program that must be there and must succeed.
fn must(program: &str, words: &[&str], configuration: &Path) {
    let mut command = Command::new(program);
    command.args(words).env("SOFTHSM2_CONF", configuration);
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The user that the broker runs as, when root starts the platform.
fn brokers() -> Option<u32> {
    let root = rustix::process::geteuid().is_root();
    let named = std::fs::read_to_string("/etc/passwd").unwrap();
    let named = named.lines().find_map(|line| line.strip_prefix("casemate-broker:"));
    let uid = named.and_then(|rest| rest.split(':').nth(1)).and_then(|uid| uid.parse().ok());
    root.then(|| uid.unwrap_or(60_710))
}

fn give_to_broker(path: &Path) {
    let Some(uid) = brokers() else { return };
    std::os::unix::fs::lchown(path, Some(uid), Some(uid)).unwrap();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            give_to_broker(&entry.unwrap().path());
        }
    }
}

#[cfg(feature = "pkcs11")]
mod token {
    use super::*;

    const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

    /// A token in a folder of the house, with one AES key.
    fn token(house: &mut House) -> (PathBuf, PathBuf) {
        assert!(Path::new(MODULE).exists(), "this needs the Debian package softhsm2");
        let folder = house.path("etc/tokens");
        std::fs::create_dir(&folder).unwrap();
        let configuration = house.path("etc/softhsm.conf");
        let text =
            format!("directories.tokendir = {}\nobjectstore.backend = file\n", folder.display());
        std::fs::write(&configuration, text).unwrap();
        let words = ["--init-token", "--free", "--label", "casemate token"];
        let pins = ["--so-pin", "5678", "--pin", "123456"];
        must("softhsm2-util", &[&words[..], &pins].concat(), &configuration);
        import(&configuration, &house.path("aes"), 1);
        give_to_broker(&folder);
        let pin = house.path("etc/pin");
        std::fs::write(&pin, "123456\n").unwrap();
        house.set("CASEMATE_BROKER__PKCS11_MODULE", MODULE);
        house.set("CASEMATE_BROKER__PKCS11_PIN_FILE", pin.to_str().unwrap());
        let variable = format!("SOFTHSM2_CONF={}", configuration.display());
        house.set("CASEMATE_BROKER__PKCS11_ENVIRONMENT", &variable);
        (pin, configuration)
    }

    fn import(configuration: &Path, file: &Path, byte: u8) {
        std::fs::write(file, [byte; 32]).unwrap();
        let id = format!("{byte:02}");
        let words = ["--import", file.to_str().unwrap(), "--aes", "--token", "casemate token"];
        let more = ["--label", "root", "--id", &id, "--pin", "123456"];
        must("softhsm2-util", &[&words[..], &more].concat(), configuration);
    }

    #[test]
    fn a_token_opens_a_start_and_a_wrong_pin_a_missing_key_and_another_key_are_told() {
        let mut house = begun();
        let (pin, configuration) = token(&mut house);
        let add = |label: &str| {
            let words = ["slots", "add", "pkcs11", "--token-label", label, "--key-label", "root"];
            house.run(&words)
        };
        let missing = add("no such token");
        assert_eq!(missing.code(), Some(4), "{}", missing.stderr);
        assert!(missing.stderr.contains("no such key"), "{}", missing.stderr);
        let added = add("casemate token").ok();
        assert_eq!(added.lines[0]["tried"], true);
        house.run(&["slots", "remove", "key-file"]).ok();
        let up = house.up();
        assert_eq!(outcome(&house, "pkcs11"), "\"opens\"");
        std::fs::write(&pin, "654321\n").unwrap();
        assert_eq!(outcome(&house, "pkcs11"), elsewhere("forbidden"));
        std::fs::write(&pin, "123456\n").unwrap();
        assert_eq!(outcome(&house, "pkcs11"), "\"opens\"");
        up.stop();

        // The same labels, another token: its key does not unwrap what the first one wrapped.
        let tokens = house.path("etc/tokens");
        std::fs::rename(&tokens, house.path("first-tokens")).unwrap();
        std::fs::create_dir(&tokens).unwrap();
        assert_eq!(outcome(&house, "pkcs11"), elsewhere("no_key"));
        let words = ["--init-token", "--free", "--label", "casemate token"];
        let pins = ["--so-pin", "5678", "--pin", "123456"];
        must("softhsm2-util", &[&words[..], &pins].concat(), &configuration);
        import(&configuration, &house.path("aes"), 2);
        assert_eq!(outcome(&house, "pkcs11"), elsewhere("refused"));
        let refused = house.run(&["up"]);
        assert_eq!(refused.code(), Some(4), "{}", refused.stderr);
        std::fs::remove_dir_all(&tokens).unwrap();
        std::fs::rename(house.path("first-tokens"), &tokens).unwrap();
        house.run(&["slots", "rotate", "pkcs11"]).ok();
        house.run(&["slots", "test", "pkcs11"]).ok();
    }
}

#[cfg(feature = "tpm")]
mod tpm {
    use super::*;

    /// A TPM in software.
    struct Tpm {
        process: Child,
        port: u16,
    }

    impl Tpm {
        fn start(state: &Path) -> Self {
            std::fs::create_dir_all(state).unwrap();
            // The control channel has the next port.
            let port = std::iter::repeat_with(free_port)
                .find(|port| std::net::TcpListener::bind(("127.0.0.1", port + 1)).is_ok())
                .unwrap();
            let mut command = Command::new("swtpm");
            command.args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"]);
            command.arg("--tpmstate").arg(format!("dir={}", state.display()));
            command.args(["--server", &format!("type=tcp,port={port},bindaddr=127.0.0.1")]);
            command.args(["--ctrl", &format!("type=tcp,port={},bindaddr=127.0.0.1", port + 1)]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let process = command.spawn().expect("this needs the Debian package swtpm");
            let tpm = Self { process, port };
            until("the TPM listens", || {
                std::fs::read_to_string("/proc/net/tcp")
                    .unwrap()
                    .contains(&format!("0100007F:{:04X} 00000000:0000 0A", port + 1))
            });
            tpm
        }

        fn named(&self) -> String {
            format!("swtpm:host=127.0.0.1,port={}", self.port)
        }
    }

    impl Drop for Tpm {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    #[test]
    fn a_tpm_opens_a_start_and_another_or_none_does_not() {
        let mut house = begun();
        let first = Tpm::start(&house.path("tpm"));
        house.set("CASEMATE_BROKER__TPM", &first.named());
        let added = house.run(&["slots", "add", "tpm"]).ok();
        assert_eq!(added.lines[0]["tried"], true);
        house.run(&["slots", "remove", "key-file"]).ok();
        let up = house.up();
        for _ in 0..5 {
            // Nothing is left behind in the TPM, which has room for three objects.
            assert_eq!(outcome(&house, "tpm"), "\"opens\"");
        }
        up.stop();
        house.run(&["slots", "rotate", "tpm"]).ok();
        house.run(&["slots", "test", "tpm"]).ok();

        let second = Tpm::start(&house.path("another-tpm"));
        house.set("CASEMATE_BROKER__TPM", &second.named());
        assert_eq!(outcome(&house, "tpm"), elsewhere("refused"));
        let refused = house.run(&["up"]);
        assert_eq!(refused.code(), Some(4), "{}", refused.stderr);
        drop(second);
        assert_eq!(outcome(&house, "tpm"), elsewhere("unreachable"));

        // The same TPM after a restart of the machine.
        drop(first);
        let again = Tpm::start(&house.path("tpm"));
        house.set("CASEMATE_BROKER__TPM", &again.named());
        house.up().stop();
    }
}

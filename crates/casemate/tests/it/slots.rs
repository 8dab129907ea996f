//! Ways to open the root key: each really opens a start by itself, is turned and removed by rule,
//! and survives being cut off.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::engine::Engine;
use crate::house::{House, Outcome};
use crate::transit::{MOUNT, Transit};

/// The identity and the recipient of the golden age slot.
const IDENTITY: &str = include_str!("../../../seal/testdata/age-identity.txt");

fn recipient() -> &'static str {
    IDENTITY.lines().next().unwrap().strip_prefix("# public key: ").unwrap()
}

/// A stranger's recipient: nobody here has its identity.
const STRANGER: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// An installation whose first start is over; stopped.
fn begun() -> (House, PathBuf) {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    house.confirm_recovery(&up);
    let code = PathBuf::from(up.ready["recovery_code_file"].as_str().unwrap());
    up.stop();
    (house, code)
}

fn note(house: &House, name: &str, text: &str) -> PathBuf {
    let path = house.path("etc").join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn outcome(house: &House, slot: &str) -> String {
    let list = house.run(&["slots", "list"]).ok();
    let found = list.lines.iter().find(|line| line["id"] == slot);
    found.map_or_else(|| "none".into(), |line| line["outcome"].to_string())
}

fn files(outcome: &Outcome) -> Vec<PathBuf> {
    let files = outcome.lines[0]["files"].as_array().unwrap();
    files.iter().map(|file| PathBuf::from(file.as_str().unwrap())).collect()
}

/// Puts the shares of these numbers into one file.
fn bring_together(shares: &[PathBuf], numbers: &[usize], into: &Path) {
    let texts = numbers.iter().map(|number| std::fs::read_to_string(&shares[number - 1]).unwrap());
    std::fs::write(into, texts.collect::<String>()).unwrap();
}

/// Removes the key file and its slot: whatever opens a start now is another slot.
fn remove_key_file(house: &House) {
    house.run(&["slots", "remove", "key-file"]).ok();
    assert!(!house.slots().join("root.key").exists());
    assert!(!house.slots().join("key-file.slot").exists());
}

fn find(up: &House, check: &str) -> serde_json::Value {
    let doctor = up.run(&["doctor"]);
    doctor.lines.iter().find(|line| line["check"] == check).unwrap().clone()
}

#[test]
fn an_age_identity_opens_a_start_when_the_key_file_is_gone() {
    let (mut house, _) = begun();
    let up = house.up();
    let added = house.run(&["slots", "add", "age", "--recipient", recipient()]).ok();
    assert_eq!(added.lines[0]["id"], "age");
    assert_eq!(added.lines[0]["opened_by"], "key-file");
    assert_eq!(added.lines[0]["tried"], false, "only the identity's owner can");
    assert_eq!(added.lines[0]["recorded"], true);
    assert_eq!(outcome(&house, "age"), "\"not_tried\"");
    let slots = find(&house, "slots");
    assert_eq!(slots["verdict"], "ok");
    assert!(slots["seen"].as_str().unwrap().contains("(age) not tried"), "{slots}");
    up.stop();
    let identity = note(&house, "identity.txt", IDENTITY);
    let file = identity.to_str().unwrap().to_owned();
    let tried = house.run(&["slots", "test", "age", "--secret-file", &file]).ok();
    assert_eq!(tried.lines[0]["outcome"], "opens");
    assert_eq!(house.run(&["slots", "test", "age"]).code(), Some(4), "nobody gave the identity");
    house.set("CASEMATE_BROKER__AGE_IDENTITY_FILE", &file);
    remove_key_file(&house);
    let up = house.up();
    assert_eq!(outcome(&house, "age"), "\"opens\"");
    assert_eq!(outcome(&house, "key-file"), "none", "nobody misses it");
    assert_eq!(find(&house, "slots")["verdict"], "ok");
    up.stop();
    // Turned to a stranger's recipient, the identity that opened it opens nothing any more.
    let turn = ["slots", "rotate", "age", "--recipient", STRANGER];
    house.run(&turn).ok();
    assert_eq!(house.run(&turn).code(), Some(4), "nothing here opens the root key");
    assert_eq!(house.run(&["up"]).code(), Some(4));
}

#[test]
fn three_of_five_people_open_a_start_and_two_do_not() {
    let (mut house, _) = begun();
    let words = ["slots", "add", "shamir", "--threshold", "3", "--shares", "5"];
    let added = house.run(&words).ok();
    assert_eq!(added.lines[0]["tried"], true);
    let shares = files(&added);
    assert_eq!(shares.len(), 5);
    let together = note(&house, "together", "");
    let test = |numbers: &[usize]| {
        bring_together(&shares, numbers, &together);
        house.run(&["slots", "test", "shamir", "--secret-file", together.to_str().unwrap()])
    };
    let few = test(&[1, 4]);
    assert_eq!(few.code(), Some(4));
    assert!(few.stderr.contains("2 of the 3 shares"), "{}", few.stderr);
    let twice = test(&[1, 4, 4]);
    assert!(twice.stderr.contains("share 4 was given twice"), "{}", twice.stderr);
    test(&[5, 1, 3]).ok();
    let mistyped = std::fs::read_to_string(&shares[0]).unwrap().replacen('0', "1", 1);
    std::fs::write(&together, mistyped).unwrap();
    let file = together.to_str().unwrap().to_owned();
    let wrong = house.run(&["slots", "test", "shamir", "--secret-file", &file]);
    assert!(wrong.stderr.contains("mistyped"), "{}", wrong.stderr);

    house.set("CASEMATE_BROKER__SHARES_FILE", &file);
    bring_together(&shares, &[2, 3, 4], &together);
    remove_key_file(&house);
    let up = house.up();
    assert_eq!(outcome(&house, "shamir"), "\"opens\"");
    std::fs::remove_file(&together).unwrap();
    assert_eq!(outcome(&house, "shamir"), "\"not_tried\"", "people took their shares away");
    up.stop();
    bring_together(&shares, &[2, 3], &together);
    let refused = house.run(&["up"]);
    assert_eq!(refused.code(), Some(4), "{}", refused.stderr);
    assert!(refused.stderr.contains("do not make a set"), "{}", refused.stderr);

    // A turn of the slot: the old shares are of no use, and say so.
    bring_together(&shares, &[1, 2, 3], &together);
    let turned = house.run(&["slots", "rotate", "shamir", "--threshold", "2"]).ok();
    let fresh = files(&turned);
    assert_ne!(fresh, Vec::<PathBuf>::new());
    bring_together(&fresh, &[1, 2], &together);
    house.run(&["slots", "test", "shamir", "--secret-file", &file]).ok();
    house.up().stop();
}

#[test]
fn a_new_root_key_reaches_slots_whose_secrets_are_elsewhere_and_no_slot_that_was_turned() {
    let (mut house, _) = begun();
    house.run(&["slots", "add", "age", "--recipient", recipient()]).ok();
    let words = ["slots", "add", "shamir", "--threshold", "2", "--shares", "3"];
    let shares = files(&house.run(&words).ok());
    let (age, kept) = (house.slots().join("age.slot"), house.path("kept.slot"));
    std::fs::copy(&age, &kept).unwrap();
    let identity = note(&house, "identity.txt", IDENTITY);
    let identity = identity.to_str().unwrap();
    let together = note(&house, "together", "");
    bring_together(&shares, &[1, 3], &together);
    let together = together.to_str().unwrap();
    let opens = |slot: &str, file: &str| house.run(&["slots", "test", slot, "--secret-file", file]);
    // The recovery slot of the first start got its pair when its code was typed back.
    for _ in 0..2 {
        let rotated = house.run(&["sealing", "rotate", "root"]).ok();
        assert_ne!(rotated.lines[0]["root_key"], rotated.lines[1]["root_key"]);
        opens("age", identity).ok();
        opens("shamir", together).ok();
    }
    assert_eq!(std::fs::read(&age).unwrap(), std::fs::read(&kept).unwrap(), "no file changed");
    house.run(&["slots", "rotate", "age", "--recipient", recipient()]).ok();
    opens("age", identity).ok();
    std::fs::copy(&kept, &age).unwrap();
    assert_eq!(opens("age", identity).code(), Some(4), "a copy of before the turn opens nothing");
    house.set("CASEMATE_BROKER__SHARES_FILE", together);
    std::fs::remove_file(&age).unwrap();
    remove_key_file(&house);
    house.up().stop();
}

#[test]
fn shares_from_before_a_turn_are_told_from_those_of_another_slot_and_from_a_mix() {
    let (house, _) = begun();
    let words = ["slots", "add", "shamir", "--threshold", "2", "--shares", "3"];
    let old: Vec<String> = files(&house.run(&words).ok())
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let new: Vec<String> = files(&house.run(&["slots", "rotate", "shamir"]).ok())
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let said = |shares: &[&String]| {
        let text: String = shares.iter().map(|share| share.as_str()).collect();
        let file = note(&house, "shares", &text);
        house.run(&["slots", "test", "shamir", "--secret-file", file.to_str().unwrap()])
    };
    said(&[&new[2], &new[0]]).ok();
    let before = said(&[&old[0], &old[1]]);
    assert!(before.stderr.contains("before it was rotated"), "{}", before.stderr);
    let mixed = said(&[&old[0], &new[1]]);
    assert!(mixed.stderr.contains("not of one set"), "{}", mixed.stderr);
}

#[test]
fn a_system_credential_opens_a_start_though_its_folder_is_the_supervisors_alone() {
    let (mut house, _) = begun();
    let out = house.path("root-credential");
    let file = out.to_str().unwrap();
    let words = ["slots", "add", "credential", "--name", "casemate-root", "--out", file];
    house.run(&words).ok();
    assert_eq!(house.run(&words).code(), Some(1), "what lies there is not overwritten");
    let folder = house.path("credentials");
    std::fs::create_dir(&folder).unwrap();
    std::fs::rename(&out, folder.join("casemate-root")).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o500);
    std::fs::set_permissions(&folder, private).unwrap();
    house.set("CREDENTIALS_DIRECTORY", folder.to_str().unwrap());
    house.run(&["slots", "test", "credential"]).ok();
    remove_key_file(&house);
    let up = house.up();
    assert_eq!(outcome(&house, "credential"), "\"opens\"");
    up.stop();
    house.set("CREDENTIALS_DIRECTORY", "/nowhere");
    assert_eq!(house.run(&["up"]).code(), Some(4));
}

fn add_kms(house: &mut House) -> (Transit, PathBuf) {
    let certificate = note(house, "kms.pem", "");
    let token = note(house, "kms-token", "s.token\n");
    let service = Transit::start("s.token", "casemate", &certificate);
    house.set("CASEMATE_BROKER__KMS_TOKEN_FILE", token.to_str().unwrap());
    house.set("CASEMATE_BROKER__KMS_ROOT_CERTIFICATE_FILE", certificate.to_str().unwrap());
    let words = ["slots", "add", "kms", "--key-name", "casemate", "--mount", MOUNT, "--address"];
    let words: Vec<&str> = words.into_iter().chain([service.address.as_str()]).collect();
    let added = house.run(&words).ok();
    assert_eq!(added.lines[0]["tried"], true);
    assert_eq!(
        service.calls(),
        ["POST /v1/transit/encrypt/casemate", "POST /v1/transit/decrypt/casemate"],
        "wrapped, and unwrapped again before anything relies on it"
    );
    (service, token)
}

#[test]
fn a_key_service_opens_a_start_and_each_of_its_refusals_is_told() {
    let (mut house, _) = begun();
    let (service, token) = add_kms(&mut house);
    remove_key_file(&house);
    let up = house.up();
    assert_eq!(outcome(&house, "kms"), "\"opens\"");
    let told = |fault: &str| {
        assert_eq!(outcome(&house, "kms"), format!("{{\"elsewhere\":\"{fault}\"}}"));
        let slots = find(&house, "slots");
        assert_eq!(slots["verdict"], "fail", "{slots}");
        assert_eq!(house.run(&["slots", "test", "kms"]).code(), Some(1));
    };
    service.set_token("another");
    told("forbidden");
    service.set_token("s.token");
    service.set_sealed(true);
    told("sealed");
    service.set_sealed(false);
    service.rotate("casemate");
    assert_eq!(outcome(&house, "kms"), "\"opens\"", "an older version of its key still opens");
    house.run(&["slots", "rotate", "kms"]).ok();
    service.retire_old_versions("casemate");
    assert_eq!(outcome(&house, "kms"), "\"opens\"", "it was turned to the newest version");
    service.rotate("casemate");
    service.retire_old_versions("casemate");
    told("refused");
    service.remove("casemate");
    told("no_key");
    std::fs::remove_file(&token).unwrap();
    assert_eq!(outcome(&house, "kms"), "{\"elsewhere\":\"not_configured\"}");
    up.stop();
    let refused = house.run(&["up"]);
    assert_eq!(refused.code(), Some(4), "{}", refused.stderr);
    assert!(!refused.stderr.contains("s.token"), "{}", refused.stderr);
}

#[test]
fn a_key_service_is_not_trusted_without_its_certificate_nor_reached_without_tls() {
    let (mut house, _) = begun();
    let (service, _) = add_kms(&mut house);
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = note(&house, "other.pem", &other.cert.pem());
    house.set("CASEMATE_BROKER__KMS_ROOT_CERTIFICATE_FILE", other.to_str().unwrap());
    let before = service.calls().len();
    assert_eq!(outcome(&house, "kms"), "{\"elsewhere\":\"unreachable\"}");
    assert_eq!(service.calls().len(), before, "the token was not sent");
    let plain = service.address.replace("https", "http");
    let words = ["slots", "add", "kms", "--key-name", "casemate", "--address", &plain];
    let refused = house.run(&words);
    assert_eq!(refused.code(), Some(4), "{}", refused.stderr);
    assert!(refused.stderr.contains("settings do not say"), "{}", refused.stderr);
}

#[test]
fn two_slots_stay_and_the_last_that_recovers_only_goes_when_somebody_says_so() {
    let (house, code) = begun();
    let remove = |slot: &str, more: &[&str]| {
        let words = ["slots", "remove", slot].into_iter().chain(more.iter().copied());
        house.run(&words.collect::<Vec<_>>())
    };
    for slot in ["key-file", "recovery"] {
        let refused = remove(slot, &["--even-the-last-recovery"]);
        assert_eq!(refused.code(), Some(6), "{}", refused.stderr);
        assert!(refused.stderr.contains("two slots stay"), "{}", refused.stderr);
    }
    assert_eq!(remove("age", &[]).code(), Some(5));
    let passphrase = note(&house, "word", "a sentence that nobody else says\n");
    let file = passphrase.to_str().unwrap();
    let short = note(&house, "short", "short\n");
    let words = ["slots", "add", "passphrase", "--passphrase-file", short.to_str().unwrap()];
    assert_eq!(house.run(&words).code(), Some(2));
    house.run(&["slots", "add", "passphrase", "--passphrase-file", file]).ok();
    let again = house.run(&["slots", "add", "passphrase", "--passphrase-file", file]);
    assert_eq!(again.code(), Some(6), "the settings name one passphrase");
    assert_eq!(house.run(&["slots", "add", "key-file"]).code(), Some(6));
    let last = remove("recovery", &[]);
    assert_eq!(last.code(), Some(6));
    assert!(last.stderr.contains("when this machine is gone"), "{}", last.stderr);
    assert!(house.slots().join("recovery.slot").exists());
    // What opens the root key for it is not the slot that goes.
    let itself = remove("key-file", &[]);
    assert_eq!(itself.code(), Some(4), "{}", itself.stderr);
    std::fs::rename(house.slots().join("root.key"), house.path("kept")).unwrap();
    assert_eq!(remove("recovery", &["--even-the-last-recovery"]).code(), Some(4));
    let wrong = ["--opened-by", "passphrase", "--secret-file", short.to_str().unwrap()];
    assert_eq!(
        remove("recovery", &[&wrong[..], &["--even-the-last-recovery"]].concat()).code(),
        Some(4)
    );
    let right = ["--opened-by", "passphrase", "--secret-file", file];
    remove("recovery", &[&right[..], &["--even-the-last-recovery"]].concat()).ok();
    std::fs::rename(house.path("kept"), house.slots().join("root.key")).unwrap();
    assert!(!house.slots().join("recovery.slot").exists());
    // What is shown once is handed out before the slot takes its place, or the slot does not.
    std::fs::remove_file(&code).unwrap();
    std::fs::create_dir(&code).unwrap();
    assert_eq!(house.run(&["slots", "add", "recovery"]).code(), Some(1));
    assert!(!house.slots().join("recovery.slot").exists());
    std::fs::remove_dir(&code).unwrap();
    house.run(&["slots", "add", "recovery"]).ok();
    let gone = ["slots", "test", "recovery", "--secret-file", code.to_str().unwrap()];
    house.run(&gone).ok();
}

#[test]
fn a_slot_of_another_installation_proves_nothing_and_is_not_counted() {
    let ((house, _), (other, code)) = (begun(), begun());
    let word = note(&house, "word", "a sentence that nobody else says\n");
    let words = ["slots", "add", "passphrase", "--passphrase-file", word.to_str().unwrap()];
    house.run(&words).ok();
    std::fs::copy(other.slots().join("recovery.slot"), house.slots().join("recovery.slot"))
        .unwrap();
    assert_eq!(outcome(&house, "recovery"), "\"fails\"");
    let file = code.to_str().unwrap();
    let tested = house.run(&["slots", "test", "recovery", "--secret-file", file]);
    assert_eq!(tested.code(), Some(4), "{}", tested.stderr);
    assert!(tested.stderr.contains("another installation"), "{}", tested.stderr);
    let given = ["--opened-by", "recovery", "--secret-file", file];
    let words = ["slots", "add", "age", "--recipient", recipient()];
    assert_eq!(house.run(&[&words[..], &given].concat()).code(), Some(4));
    assert!(!house.slots().join("age.slot").exists());
    let removed = house.run(&["slots", "remove", "passphrase"]);
    assert_eq!(removed.code(), Some(6), "the stranger's slot does not count: {}", removed.stderr);
}

#[test]
fn a_slot_that_is_turned_has_a_new_secret_and_the_old_opens_it_no_more() {
    let (mut house, code) = begun();
    let old_code = house.path("old-code");
    std::fs::copy(&code, &old_code).unwrap();
    let old_key = house.path("old-key");
    std::fs::copy(house.slots().join("root.key"), &old_key).unwrap();
    let tried = |house: &House, slot: &str, file: &Path| {
        let words = ["slots", "test", slot, "--secret-file", file.to_str().unwrap()];
        house.run(&words).code()
    };
    assert_eq!(tried(&house, "key-file", &old_key), Some(0));
    house.run(&["slots", "rotate", "key-file"]).ok();
    assert_eq!(tried(&house, "key-file", &old_key), Some(4));
    let turned = house.run(&["slots", "rotate", "recovery"]).ok();
    assert_eq!(tried(&house, "recovery", &old_code), Some(4));
    assert_eq!(tried(&house, "recovery", &files(&turned)[0]), Some(0));
    let word = note(&house, "word", "a sentence that nobody else says\n");
    let next = note(&house, "next", "another sentence of the same length\n");
    let file = word.to_str().unwrap().to_owned();
    house.run(&["slots", "add", "passphrase", "--passphrase-file", &file]).ok();
    let words = ["slots", "rotate", "passphrase", "--passphrase-file", next.to_str().unwrap()];
    house.run(&words).ok();
    assert_eq!(tried(&house, "passphrase", &word), Some(4));
    assert_eq!(tried(&house, "passphrase", &next), Some(0));
    house.set("CASEMATE_BROKER__PASSPHRASE_FILE", next.to_str().unwrap());
    let up = house.up();
    house.run(&["slots", "test"]).ok();
    assert_eq!(find(&house, "recovery")["verdict"], "fail", "the new code was not typed back");
    up.stop();
}

#[test]
fn changes_of_slots_are_in_the_platforms_log_and_beside_the_slots_without_a_secret() {
    let (house, code) = begun();
    let up = house.up();
    house.run(&["slots", "add", "age", "--recipient", recipient()]).ok();
    house.run(&["slots", "rotate", "age"]).ok();
    house.run(&["slots", "remove", "age"]).ok();
    up.stop();
    let log: Vec<u8> = ["control.db", "control.db-wal"]
        .iter()
        .flat_map(|name| std::fs::read(house.data().join(name)).unwrap_or_default())
        .collect();
    let log = String::from_utf8_lossy(&log).into_owned();
    for verb in ["unseal_slot.added", "unseal_slot.rotated", "unseal_slot.removed"] {
        assert!(log.contains(verb), "{verb}");
    }
    let record = std::fs::read_to_string(house.slots().join("changes.log")).unwrap();
    let acts: Vec<&str> = record.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(acts, ["add", "rotate", "remove"]);
    let code = std::fs::read_to_string(code).unwrap();
    assert!(!record.contains(code.trim()) && !log.contains(code.trim()));
    // Without a database the change stands, and the command says who has it.
    std::fs::rename(house.data().join("control.db"), house.path("aside")).unwrap();
    let alone = house.run(&["slots", "add", "age", "--recipient", recipient()]).ok();
    assert_eq!(alone.lines[0]["recorded"], false);
}

#[test]
fn a_change_that_is_cut_off_leaves_the_old_or_the_new_and_never_neither() {
    let (house, _) = begun();
    let mut cut_off = 0;
    for step in 0..40u64 {
        let words: &[&str] = match step % 4 {
            0 | 2 => &["slots", "rotate", "key-file"],
            1 => &["slots", "add", "age", "--recipient", STRANGER],
            _ => &["slots", "rotate", "recovery"],
        };
        let mut command = house.command(words);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Through the whole run of the command, start to end, in even steps.
        std::thread::sleep(Duration::from_millis(4 * step));
        let _ = process.kill();
        cut_off += u32::from(!process.wait().unwrap().success());
        let list = house.run(&["slots", "list"]).ok();
        let opens =
            |id: &str| list.lines.iter().any(|line| line["id"] == id && line["outcome"] == "opens");
        assert!(opens("key-file"), "step {step}: {:?}", list.lines);
        let sound = list.lines.iter().filter(|line| line["outcome"] != "unreadable").count();
        assert_eq!(sound, list.lines.len(), "step {step}: {:?}", list.lines);
        assert!(list.lines.iter().any(|line| line["id"] == "recovery"));
    }
    assert!(cut_off > 0, "at least the first was killed before it began");
    // The platform starts with what is there, and the next command finishes what was begun.
    house.up().stop();
    house.run(&["slots", "rotate", "key-file"]).ok();
    assert!(!house.slots().join("root.key.new").exists());
    house.up().stop();
}

#[test]
fn one_command_changes_the_slots_at_a_time_and_help_names_every_kind() {
    let (house, _) = begun();
    // The broker may have been there: it gives the recovery slot its pair under the same lock.
    let lock = std::fs::File::create(house.slots().join("lock")).unwrap();
    lock.lock().unwrap();
    let busy = house.run(&["slots", "rotate", "key-file"]);
    assert_eq!(busy.code(), Some(7), "{}", busy.stderr);
    assert_eq!(house.run(&["slots", "renew"]).code(), Some(7));
    drop(lock);
    house.run(&["slots", "rotate", "key-file"]).ok();
    let help = house.command(&["slots", "add", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for kind in ["age", "shamir", "credential", "kms", "pkcs11", "tpm", "passphrase", "key-file"] {
        assert!(help.contains(kind), "{kind}");
    }
}

#[cfg(not(any(feature = "pkcs11", feature = "tpm")))]
#[test]
fn a_kind_that_this_program_was_built_without_says_so() {
    let (house, _) = begun();
    for words in [
        &["slots", "add", "tpm"][..],
        &["slots", "add", "pkcs11", "--token-label", "a", "--key-label", "b"],
    ] {
        let refused = house.run(words);
        assert_eq!(refused.code(), Some(4), "{}", refused.stderr);
        assert!(refused.stderr.contains("built without it"), "{}", refused.stderr);
    }
}

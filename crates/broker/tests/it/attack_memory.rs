//! Readers of the broker's memory: another process of the same user, a core dump, and what root
//! would see.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Output};

use broker::{Broker, DataScope};
use rusqlite::OpenFlags;
use seal::{HeapHomes, KeyId, KeyRealm, Slot, SlotSecret, key_file};

use crate::house::{House, all_files, our_uid, secret};

/// An ordinary user when the tests run as root, who is refused nothing.
const NOBODY: u32 = 65_534;

fn reader_uid() -> u32 {
    if our_uid() == 0 { NOBODY } else { our_uid() }
}

/// Runs a command as the ordinary user.
fn as_reader(command: &mut Command) -> &mut Command {
    if our_uid() == 0 { command.uid(NOBODY).gid(NOBODY) } else { command }
}

/// A broker that runs as the ordinary user, with its binary and folders within that user's reach.
async fn running_as_reader() -> (House, Broker) {
    let mut house = House::empty();
    let host = house.path("broker_host");
    std::fs::copy(House::host_binary(), &host).unwrap();
    if our_uid() == 0 {
        let owned = ["", "data", "data/journal", "config", "run", "broker_host"];
        for path in owned.map(|name| house.path(name)) {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let instance = house.instance.to_string();
    let mut setup = Command::new(&host);
    setup.arg("setup").arg(house.path("")).arg(instance).current_dir(house.path(""));
    assert!(as_reader(&mut setup).output().unwrap().status.success());
    let mut run = Command::new("sh");
    run.args(["-c", "ulimit -c unlimited; exec \"$0\" run \"$1\" \"$2\""]);
    run.arg(&host).arg(house.path("")).arg(format!("{},{}", our_uid(), reader_uid()));
    run.current_dir(house.path("data"));
    house.spawn_command(as_reader(&mut run));
    let broker = house.connect().await;
    house.create_realms(&broker).await;
    (house, broker)
}

/// The data key of ann's environment, unwrapped from the disk the way the broker does it.
fn known_data_key(house: &House) -> [u8; 32] {
    let content = broker::Exposed::new(std::fs::read(house.path("config/key")).unwrap());
    let key = key_file::read(&content, &HeapHomes).ok().unwrap();
    let slot = std::fs::read_to_string(house.path("config/key-file.slot")).unwrap();
    let slot = Slot::parse(&slot).unwrap();
    let root = slot.open(&SlotSecret::KeyFile(&key), &HeapHomes).ok().unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let store = rusqlite::Connection::open_with_flags(house.path("data/keys.db"), flags).unwrap();
    let tenant = house.ann.id.to_bytes();
    let seed: [u8; 32] = store
        .query_row("SELECT seed FROM realms WHERE id = ?1", [tenant], |row| row.get(0))
        .unwrap();
    let (id, wrapped): ([u8; 16], Vec<u8>) = store
        .query_row("SELECT id, wrapped FROM data_keys WHERE realm_id = ?1", [tenant], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let realm = KeyRealm::Tenant(house.ann.id);
    let wrapping = root.wrapping_key(house.instance, realm, 1, &seed, &HeapHomes).ok().unwrap();
    let data_key = wrapping.unwrap(KeyId::from_bytes(id), &wrapped, &HeapHomes).ok().unwrap();
    *data_key.key().bytes()
}

async fn use_anns_key(house: &House, broker: &Broker) {
    for number in 0..5 {
        let name = house.ann.name();
        assert_eq!(name.scope, DataScope::Environment(house.ann.environment));
        let value = secret(&format!("value {number}"));
        let sealed = broker.seal(house.ann.realm(), vec![(name, value)]).await.unwrap();
        broker.open(house.ann.grant(), vec![(name, sealed[0].clone())]).await.unwrap();
    }
}

#[tokio::test]
async fn the_broker_holds_locked_memory() {
    let (house, _broker) = House::running().await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.pid())).unwrap();
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
    let kib: u64 = locked.trim().trim_end_matches(" kB").trim().parse().unwrap();
    assert!(kib >= 32, "VmLck {kib} kB");
}

/// `/proc/PID/mem`, `ptrace` and `process_vm_readv` share one check in the kernel
/// (`ptrace_may_access`).
fn read_memory_of(pid: u32) -> [Output; 2] {
    let run = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(pid.to_string());
        as_reader(&mut command).output().unwrap()
    };
    let first_mapping = "read range rest < \"/proc/$0/maps\" || exit 9; start=$((0x${range%%-*})); \
         dd if=\"/proc/$0/mem\" bs=4096 count=1 skip=$((start / 4096)) 2>&1 >/dev/null";
    [run("cat \"/proc/$0/maps\""), run(first_mapping)]
}

#[tokio::test]
async fn another_process_of_the_same_user_cannot_read_the_brokers_memory() {
    let (house, broker) = running_as_reader().await;
    use_anns_key(&house, &broker).await;
    for output in read_memory_of(house.pid()) {
        assert!(!output.status.success(), "{output:?}");
        assert!(output.stdout.is_empty());
    }
    // The same reader reads an ordinary process of the same user, so the refusal is the broker's
    // doing.
    let mut ordinary = Command::new("sleep");
    let mut ordinary = as_reader(ordinary.arg("60")).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(100));
    let outputs = read_memory_of(ordinary.id());
    ordinary.kill().unwrap();
    ordinary.wait().unwrap();
    for output in outputs {
        assert!(output.status.success(), "the reader cannot read at all: {output:?}");
    }
}

#[tokio::test]
async fn a_crash_leaves_no_core_dump() {
    let (mut house, broker) = running_as_reader().await;
    use_anns_key(&house, &broker).await;
    let needle = known_data_key(&house);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", house.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let mut abort = Command::new("sh");
    abort.args(["-c", "kill -ABRT \"$0\""]).arg(house.pid().to_string());
    assert!(abort.status().unwrap().success());
    let status = house.wait();
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped(), "the kernel says it dumped core");
    for (path, bytes) in all_files(house.folder.path()) {
        assert!(!contains(&bytes, &needle), "the key lies in {}", path.display());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!name.starts_with("core"), "{}", path.display());
    }
}

/// What a reader with every right sees: each copy of the key lies in locked, undumpable pages.
#[tokio::test]
async fn every_copy_of_a_data_key_at_rest_lies_in_locked_memory() {
    if our_uid() != 0 {
        // Only root passes the wall that the other tests prove; without it there is nothing to look
        // into.
        assert!(std::fs::File::open("/proc/1/mem").is_err());
        return;
    }
    let (house, broker) = House::running().await;
    use_anns_key(&house, &broker).await;
    let needle = known_data_key(&house);
    let mappings = mappings(house.pid());
    let mut copies = Vec::new();
    for mapping in &mappings {
        for at in find_all(&mapping.bytes, &needle) {
            copies.push((mapping.start + at, mapping.flags.clone(), mapping.name.clone()));
        }
    }
    assert!(!copies.is_empty(), "the key is in use and nowhere: the search is broken");
    for (address, flags, name) in &copies {
        let protected = [" lo ", " dd ", " wf "].iter().all(|flag| flags.contains(flag));
        assert!(protected, "a copy at {address:x} in {name:?} with flags {flags}");
    }
}

struct Mapping {
    start: usize,
    name: String,
    flags: String,
    bytes: Vec<u8>,
}

fn mappings(pid: u32) -> Vec<Mapping> {
    use std::os::unix::fs::FileExt;
    let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let memory = std::fs::File::open(Path::new("/proc").join(pid.to_string()).join("mem")).unwrap();
    let mut found: Vec<Mapping> = Vec::new();
    for line in smaps.lines() {
        if let Some(flags) = line.strip_prefix("VmFlags: ") {
            found.last_mut().unwrap().flags = format!(" {flags} ");
            continue;
        }
        let range = line.split(' ').next().unwrap().split_once('-');
        let Some((Ok(start), Ok(end))) = range
            .map(|(start, end)| (usize::from_str_radix(start, 16), usize::from_str_radix(end, 16)))
        else {
            continue;
        };
        let mut bytes = vec![0; end - start];
        if memory.read_exact_at(&mut bytes, u64::try_from(start).unwrap()).is_err() {
            bytes.clear();
        }
        let name = line.split_whitespace().last().unwrap().to_owned();
        found.push(Mapping { start, name, flags: String::new(), bytes });
    }
    found
}

fn find_all(bytes: &[u8], needle: &[u8]) -> Vec<usize> {
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == needle[0]);
    starts.map(|(at, _)| at).filter(|at| bytes[*at..].starts_with(needle)).collect()
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    !find_all(bytes, needle).is_empty()
}

/// Unique values go in; afterwards no file of the installation holds them in any common form.
#[tokio::test]
async fn no_file_holds_a_sealed_value_or_an_unwrapped_key() {
    let (mut house, broker) = House::running().await;
    let value = format!("canary-{}", crate::house::random());
    let name = house.ann.name();
    let sealed = broker.seal(house.ann.realm(), vec![(name, secret(&value))]).await.unwrap();
    broker.open(house.ann.grant(), vec![(name, sealed[0].clone())]).await.unwrap();
    let (_, uri) = broker.new_totp(house.user, "ann@example.org").await.unwrap();
    let uri = uri.expose_text().unwrap().to_owned();
    let seed = uri.split("secret=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let data_key = known_data_key(&house);
    drop(broker);
    house.kill();
    let code = house.recovery_code.replace('-', "");
    let needles = [value.as_bytes(), seed.as_bytes(), code.as_bytes(), &data_key];
    for (path, bytes) in all_files(house.folder.path()) {
        for needle in needles {
            let forms = [
                needle.to_vec(),
                data_encoding::HEXLOWER.encode(needle).into_bytes(),
                data_encoding::BASE64.encode(needle).trim_end_matches('=').as_bytes().to_vec(),
            ];
            let found = forms.iter().any(|form| contains(&bytes, &form[..form.len() - 1]));
            assert!(!found, "a secret lies in {}", path.display());
        }
    }
}

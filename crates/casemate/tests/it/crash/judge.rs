//! The verdict on one workspace after the crashes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use ledger::checkpoint::Checkpoint;
use ledger::export::{ExportReader, ExportedEntry, Line};
use ledger::note::Note;
use ledger::tree::{leaf_hash, verify_consistency, verify_inclusion};
use ledger::{EntryView, Evidence, Hash, Receipt, Verdict, VerifierKey, verify_export};
use serde_json::Value;

use super::load::{Team, text};

/// Longest the sequencer may take to catch up once nothing is killed any more.
const CATCH_UP_MAX: Duration = Duration::from_secs(30);
/// Receipts whose inclusion proof is fetched and verified one by one. All others are covered by the
/// export, whose tree is recomputed from every entry.
const PROOFS: usize = 25;

/// Panics with what is wrong.
pub async fn judge(team: &Team) {
    team.refreshes().await;
    let key = text(&team.get("/v1/audit/key").await, "key");
    let key = VerifierKey::parse(&key).unwrap();
    let headers = team.kept.receipts.lock().unwrap().clone();
    let receipts: Vec<Receipt> =
        headers.iter().map(|header| Receipt::open_header(header, &key).unwrap()).collect();
    let log = Log::fetch(team, &receipts, &key).await;
    let unknown = team.kept.unknown.load(Ordering::Relaxed);
    println!(
        "{} entries, {} receipts honoured, {unknown} answers lost, {} checkpoints in one line",
        log.entries.len(),
        receipts.len(),
        team.kept.checkpoints.lock().unwrap().len(),
    );
    assert!(!receipts.is_empty(), "nothing was acknowledged, so nothing was tested");
    receipts_are_honoured(team, &log, &receipts).await;
    checkpoints_are_of_one_log(team, &log, &key).await;
    secrets_and_entries_agree(team, &log).await;
    roles_and_entries_agree(team, &log).await;
    projects_and_entries_agree(team, &log).await;
    openings_are_logged(team, log, &key).await;
}

/// Whoever was shown a value left two entries: that it was revealed, and that the broker opened it.
/// The second comes from the broker's journal, which is copied when there is time.
async fn openings_are_logged(team: &Team, mut log: Log, key: &VerifierKey) {
    let reveals = team.kept.reveals.lock().unwrap().clone();
    println!("{} values were shown", reveals.len());
    for request in &reveals {
        assert!(log.of("secret.revealed").any(|view| view.request == *request), "{request}");
    }
    let start = Instant::now();
    loop {
        let opened: BTreeSet<String> = log
            .of("key.opened")
            .filter_map(|view| Some(view.new.as_ref()?["request"].as_str()?.to_owned()))
            .collect();
        let missing = reveals.iter().filter(|request| !opened.contains(*request)).count();
        if missing == 0 {
            return;
        }
        assert!(start.elapsed() < CATCH_UP_MAX, "{missing} openings are in no log");
        tokio::time::sleep(Duration::from_millis(250)).await;
        log = Log::once(team, key).await;
    }
}

/// The whole log, verified from its export.
struct Log {
    checkpoint: Checkpoint,
    entries: Vec<ExportedEntry>,
    views: Vec<EntryView>,
}

impl Log {
    /// Fetches exports until one holds an entry for every receipt.
    async fn fetch(team: &Team, receipts: &[Receipt], key: &VerifierKey) -> Self {
        let start = Instant::now();
        loop {
            let log = Self::once(team, key).await;
            let ids: BTreeSet<&str> = log.views.iter().map(|view| view.entry.as_str()).collect();
            let missing =
                receipts.iter().filter(|receipt| !ids.contains(receipt.entry.to_string().as_str()));
            let missing = missing.count();
            if missing == 0 {
                return log;
            }
            assert!(start.elapsed() < CATCH_UP_MAX, "{missing} receipts are not honoured");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn once(team: &Team, key: &VerifierKey) -> Self {
        let answer = loop {
            match team.call(http::Method::GET, "/v1/audit/export", None).await {
                Ok(answer) if answer.status == 200 => break answer,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        let seen = team.kept.checkpoints.lock().unwrap().clone();
        let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
        let evidence =
            Evidence { keys: std::slice::from_ref(key), seen: &seen, ..Evidence::default() };
        let verdict = verify_export(answer.body.as_ref(), evidence);
        assert!(matches!(verdict, Verdict::Verified(_)), "{verdict}");
        let mut reader = ExportReader::new(answer.body.as_ref());
        let note = reader.head().unwrap().checkpoint;
        let checkpoint = open(&note, key);
        let mut entries = Vec::new();
        while let Line::Entry(entry) = reader.line().unwrap() {
            entries.push(entry);
        }
        let views = entries.iter().map(|entry| EntryView::read(&entry.bytes).unwrap()).collect();
        Self { checkpoint, entries, views }
    }

    /// The entries with this verb, oldest first.
    fn of(&self, verb: &str) -> impl Iterator<Item = &EntryView> {
        self.views.iter().filter(move |view| view.verb == verb)
    }
}

fn open(note: &str, key: &VerifierKey) -> Checkpoint {
    let signed = Note::parse(note).unwrap();
    Checkpoint::parse(signed.open(std::slice::from_ref(key)).unwrap()).unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    let path = value["path"].as_array().unwrap().iter();
    path.map(|hash| HEXLOWER.decode(hash.as_str().unwrap().as_bytes()).unwrap().try_into().unwrap())
        .collect()
}

async fn receipts_are_honoured(team: &Team, log: &Log, receipts: &[Receipt]) {
    let by_id: BTreeMap<&str, &ExportedEntry> =
        log.views.iter().map(|view| view.entry.as_str()).zip(&log.entries).collect();
    assert_eq!(by_id.len(), log.entries.len(), "an entry was sequenced twice");
    let step = (receipts.len() / PROOFS).max(1);
    for (number, receipt) in receipts.iter().enumerate() {
        assert_eq!(receipt.origin, log.checkpoint.origin);
        let entry = by_id[receipt.entry.to_string().as_str()];
        assert_eq!(leaf_hash(&entry.bytes), receipt.hash, "{}", receipt.entry);
        if number % step == 0 {
            let (index, size) = (entry.index, log.checkpoint.size);
            let path = format!("/v1/audit/proofs/inclusion?index={index}&size={size}");
            let proof = hashes(&team.get(&path).await);
            let root = &log.checkpoint.root;
            assert!(verify_inclusion(index, size, &receipt.hash, &proof, root), "{index}");
        }
    }
}

async fn checkpoints_are_of_one_log(team: &Team, log: &Log, key: &VerifierKey) {
    let notes = team.kept.checkpoints.lock().unwrap().clone();
    let mut earlier: Option<Checkpoint> = None;
    for note in &notes {
        let seen = open(note, key);
        assert_eq!(seen.origin, log.checkpoint.origin);
        if let Some(earlier) = &earlier {
            assert!(earlier.size <= seen.size, "the log shrank");
            assert!(earlier.size < seen.size || earlier.root == seen.root, "two roots of one size");
        }
        let to = log.checkpoint.size;
        if seen.size > 0 && seen.size < to {
            let path = format!("/v1/audit/proofs/consistency?from={}&to={to}", seen.size);
            let proof = hashes(&team.get(&path).await);
            let fits = verify_consistency(seen.size, to, &seen.root, &log.checkpoint.root, &proof);
            assert!(fits, "a fork at size {}", seen.size);
        }
        earlier = Some(seen);
    }
}

/// Every version of every secret has exactly one entry, and every entry its version.
async fn secrets_and_entries_agree(team: &Team, log: &Log) {
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = team.get(&format!("{}?limit=200{cursor}", team.place)).await;
        for secret in page["items"].as_array().unwrap() {
            versions.insert(text(secret, "name"), secret["version"].as_u64().unwrap());
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let mut logged: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let entries =
        log.views.iter().filter(|v| matches!(v.verb.as_str(), "secret.set" | "secret.rotated"));
    for entry in entries {
        let new = entry.new.as_ref().unwrap();
        let version = new["version"].as_u64().unwrap();
        logged.entry(text(new, "name")).or_default().push(version);
    }
    for (name, version) in &versions {
        let expected: Vec<u64> = (1..=*version).collect();
        assert_eq!(logged.get(name), Some(&expected), "{name}: an action without its entry");
    }
    assert_eq!(versions.len(), logged.len(), "an entry without its secret");
    for (name, acknowledged) in team.kept.versions.lock().unwrap().iter() {
        let distinct: BTreeSet<&u64> = acknowledged.iter().collect();
        assert_eq!(distinct.len(), acknowledged.len(), "{name}: one version answered twice");
        assert!(acknowledged.iter().all(|version| *version <= versions[name]), "{name} was lost");
    }
}

/// Each member's entries form one chain from viewer to the role they have now.
async fn roles_and_entries_agree(team: &Team, log: &Log) {
    let members = team.get(&format!("/v1/teams/{}/members", team.id)).await;
    let acknowledged = team.kept.roles.lock().unwrap().clone();
    for member in members["items"].as_array().unwrap() {
        let user = text(member, "user_id");
        let chain: Vec<&EntryView> = log
            .of("member.role_changed")
            .filter(|view| view.resource.id == user.as_str())
            .collect();
        let mut role = None;
        for entry in &chain {
            let (old, new) = (entry.old.as_ref().unwrap(), entry.new.as_ref().unwrap());
            if let Some(role) = &role {
                assert_eq!(role, &text(old, "role"), "an entry is missing before {}", entry.entry);
            }
            role = Some(text(new, "role"));
        }
        if let Some(role) = role {
            assert_eq!(role, text(member, "role"), "a change without its entry");
        }
        let answered = acknowledged.get(&user).map_or(0, Vec::len);
        assert!(chain.len() >= answered, "{answered} changes answered, {} entries", chain.len());
    }
}

async fn projects_and_entries_agree(team: &Team, log: &Log) {
    let mut names = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = team.get(&format!("/v1/projects?limit=200{cursor}")).await;
        names.extend(page["items"].as_array().unwrap().iter().map(|item| text(item, "name")));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let logged: Vec<String> =
        log.of("project.created").map(|view| text(view.new.as_ref().unwrap(), "name")).collect();
    let distinct: BTreeSet<String> = logged.iter().cloned().collect();
    assert_eq!(logged.len(), distinct.len(), "one project has two entries");
    assert_eq!(names, distinct, "projects and entries differ");
    let acknowledged = team.kept.projects.lock().unwrap();
    assert!(
        acknowledged.iter().all(|name| names.contains(name)),
        "an acknowledged project is lost"
    );
}

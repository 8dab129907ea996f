//! A witness in memory, what readers hold against an export, and what the house asks witnesses.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use ledger::tiles::entry_tiles;
use ledger::verify::PublicCopy;
use ledger::witness::{AddCheckpoint, Record, Refusal, TrustedLog, decide};
use ledger::{
    Cosignature, CosignerKey, Evidence, Opening, Policy, Stream, Verdict, cosignature,
    verify_export,
};
use notary::witnesses::{Answer, Kept, Question, keep, question, standing};
use notary::{Publisher, checkpoint_log};

use crate::ground::on_each_engine;
use crate::house::{House, Workspace};

on_each_engine! {
    a_witness_is_asked_until_it_has_cosigned_and_then_left_alone
    a_witness_that_is_ahead_or_behind_says_so_and_is_asked_from_there
    a_witness_that_lies_gains_nothing_and_is_shown
}

/// A witness that keeps its record in memory.
pub(crate) struct TestWitness {
    pair: Ed25519KeyPair,
    pub(crate) key: CosignerKey,
    pub(crate) record: Option<Record>,
}

impl TestWitness {
    pub(crate) fn new(name: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        Self { pair, key: CosignerKey::ed25519(name, public).unwrap(), record: None }
    }

    /// What it answers, by the rule every witness follows.
    pub(crate) async fn answer(&mut self, house: &House, body: &str) -> Result<String, Refusal> {
        let key = house.key().await;
        let log = TrustedLog { origin: key.name().to_owned(), keys: vec![key] };
        let accepted = decide(&AddCheckpoint::parse(body)?, Some(&log), self.record)?;
        self.record = Some(accepted.record);
        Ok(self.line(accepted.text))
    }

    fn line(&self, text: &str) -> String {
        let time_s = 1_790_000_000;
        let signature = self.pair.sign(cosignature::message(text, time_s).as_bytes());
        let signature = signature.as_ref().try_into().unwrap();
        Cosignature { time_s, signature }.line(&self.key)
    }
}

/// Has the newest head cosigned, as the server's rounds do.
pub(crate) async fn cosign(house: &House, witness: &mut TestWitness) -> bool {
    let mut known = None;
    for _ in 0..3 {
        let asked = question(&house.store, &witness.key, known).await.unwrap();
        let Some(asked) = asked else { return true };
        let answer = witness.answer(house, &asked.body).await;
        let answer = match &answer {
            Ok(lines) => Answer::Signed(lines),
            Err(Refusal::Conflict { size }) => Answer::At(*size),
            Err(_) => Answer::Failed("it refused"),
        };
        match keep(&house.store, &witness.key, &asked, answer).await.unwrap() {
            Kept::AskFrom(size) => known = Some(size),
            Kept::Cosigned => return true,
            Kept::Nothing => return false,
        }
    }
    false
}

pub(crate) async fn publish(house: &House) -> notary::Published {
    let (store, broker) = (house.store.clone(), house.broker.clone());
    Publisher::new(store, broker, 0).round().await.unwrap()
}

/// A policy that wants this witness.
pub(crate) fn policy_of(witness: &TestWitness) -> Policy {
    Policy::parse(format!("witness W {}\nquorum W\n", witness.key).as_bytes()).unwrap()
}

/// Everything a thorough reader brings along.
pub(crate) struct Reader {
    pub(crate) policy: Policy,
    pub(crate) copy: Vec<u8>,
    pub(crate) openings: Vec<Opening>,
    pub(crate) kept: Vec<String>,
}

impl Reader {
    /// Fetches the whole log of checkpoints and the workspace's openings, as of now.
    pub(crate) async fn new(house: &House, workspace: Workspace, witness: &TestWitness) -> Self {
        let head = checkpoint_log::head(&house.store).await.unwrap().unwrap();
        let size: u64 = head.lines().nth(1).unwrap().parse().unwrap();
        let mut copy = Vec::new();
        for tile in entry_tiles(size) {
            copy.extend(checkpoint_log::tile(&house.store, tile).await.unwrap().unwrap());
        }
        let scope = house.scope(workspace);
        let listed = notary::list_openings(&house.store, &scope, Stream::Workspace, 0, 1_000);
        let openings = listed.await.unwrap().items;
        Self { policy: policy_of(witness), copy, openings, kept: Vec::new() }
    }

    pub(crate) async fn verdict(&self, house: &House, export: &[u8]) -> Verdict {
        let (keys, copy) = ([house.key().await], &self.copy);
        let proofs: Vec<&str> = self.kept.iter().map(String::as_str).collect();
        let copy = PublicCopy { entries: copy, openings: &self.openings };
        let policy = Some(&self.policy);
        let evidence = Evidence {
            keys: &keys,
            policy,
            proofs: &proofs,
            copy: Some(copy),
            ..Evidence::default()
        };
        verify_export(export, evidence)
    }
}

async fn ask(house: &House, witness: &TestWitness) -> Option<Question> {
    question(&house.store, &witness.key, None).await.unwrap()
}

async fn a_witness_is_asked_until_it_has_cosigned_and_then_left_alone(house: House) {
    let mut witness = TestWitness::new("witness.example/w1");
    assert_eq!(ask(&house, &witness).await, None, "nothing was published yet");
    house.sequence(house.ours).await.unwrap();
    publish(&house).await;
    assert!(ask(&house, &witness).await.unwrap().body.starts_with("old 0\n\n"));
    assert!(cosign(&house, &mut witness).await);
    assert_eq!(ask(&house, &witness).await, None);
    let stands = standing(&house.store, std::slice::from_ref(&witness.key)).await.unwrap();
    assert_eq!(stands.cosigned, [true]);
    assert_eq!(stands.states[0].failing_since, None);
    let served = checkpoint_log::head(&house.store).await.unwrap().unwrap();
    assert!(policy_of(&witness).judge(&served, &[house.key().await]).unwrap().quorum);
    house.write(house.ours, 1).await;
    house.sequence(house.ours).await.unwrap();
    let grown = publish(&house).await.size;
    let asked = ask(&house, &witness).await.unwrap();
    assert!(asked.body.starts_with(&format!("old {}\n", witness.record.unwrap().size)));
    assert_eq!(asked.size, grown);
    assert!(cosign(&house, &mut witness).await, "with a proof from where it stood");
}

async fn a_witness_that_is_ahead_or_behind_says_so_and_is_asked_from_there(house: House) {
    let mut witness = TestWitness::new("witness.example/w1");
    house.sequence(house.ours).await.unwrap();
    publish(&house).await;
    let first = ask(&house, &witness).await.unwrap();
    // Its answer gets lost on the way: the witness knows more than we know of it.
    witness.answer(&house, &first.body).await.unwrap();
    house.write(house.ours, 1).await;
    house.sequence(house.ours).await.unwrap();
    publish(&house).await;
    assert!(cosign(&house, &mut witness).await);
    // It lost its disk: it knows less than we know of it.
    witness.record = None;
    house.write(house.ours, 1).await;
    house.sequence(house.ours).await.unwrap();
    publish(&house).await;
    assert!(cosign(&house, &mut witness).await);
}

async fn a_witness_that_lies_gains_nothing_and_is_shown(house: House) {
    let witness = TestWitness::new("witness.example/w1");
    let stranger = TestWitness::new("witness.example/w1");
    house.sequence(house.ours).await.unwrap();
    publish(&house).await;
    let asked = ask(&house, &witness).await.unwrap();
    let head = checkpoint_log::head(&house.store).await.unwrap().unwrap();
    let (text, _) = head.split_once("\n\n").unwrap();
    let other_key = stranger.line(&format!("{text}\n"));
    let other_text = witness.line("another text\n");
    for lie in [other_key.as_str(), &other_text, "", "200 OK\n", "\u{2014} x y\n"] {
        let kept = keep(&house.store, &witness.key, &asked, Answer::Signed(lie)).await.unwrap();
        assert_eq!(kept, Kept::Nothing, "{lie}");
    }
    let longer = keep(&house.store, &witness.key, &asked, Answer::At(asked.size + 1)).await;
    assert_eq!(longer.unwrap(), Kept::Nothing, "a size the log never had");
    let stands = standing(&house.store, std::slice::from_ref(&witness.key)).await.unwrap();
    assert_eq!(stands.cosigned, [false]);
    assert!(stands.states[0].outcome.contains("longer"), "{}", stands.states[0].outcome);
    assert!(stands.states[0].failing_since.is_some());
    assert!(stands.head.unwrap().cosignatures.is_empty());
    assert!(ask(&house, &witness).await.is_some(), "it is asked again");
}

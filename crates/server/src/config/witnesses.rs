//! `[witnesses]`: who is asked to cosign the log of checkpoints, and how often it grows.

use domain::limits;
use ledger::CosignerKey;
use url::Url;

use super::ConfigError;
use super::sources::Values;

/// One witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessSettings {
    /// Where its `add-checkpoint` is, without that word.
    pub url: Url,
    /// Its key, which its answers are checked with.
    pub key: CosignerKey,
}

/// The witnesses section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessesConfig {
    /// Who is asked, at most [`limits::WITNESSES_MAX`].
    pub ask: Vec<WitnessSettings>,
    /// How many of them are enough.
    pub quorum: usize,
    /// A log's checkpoint is published at most this often.
    pub publish_every_ms: i64,
}

const FORM: &str = "each is an address and a key with a space between: \
    https://witness.example/w1 NAME+HASH+KEY, at most 16, each key once";

impl WitnessesConfig {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let text = values.or_default("witnesses.ask");
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let ask: Option<Vec<WitnessSettings>> = words.map(witness).collect();
        let ask = ask.filter(|ask| ask.len() <= limits::WITNESSES_MAX && each_once(ask));
        let ask = ask.ok_or(ConfigError::OutOfRange { key: "witnesses.ask", rule: FORM })?;
        let rule = "it is the number of witnesses that are enough, 0 for more than half of them";
        let quorum = values.number("witnesses.quorum", 0..=16, rule)?;
        let quorum = match usize::try_from(quorum).unwrap_or(usize::MAX) {
            0 if ask.is_empty() => 0,
            0 => ask.len() / 2 + 1,
            quorum if quorum <= ask.len() => quorum,
            _ => return Err(ConfigError::OutOfRange { key: "witnesses.quorum", rule }),
        };
        let rule = "it must be between 10 and 86400";
        let seconds = values.number("witnesses.publish_seconds", 10..=86_400, rule)?;
        Ok(Self { ask, quorum, publish_every_ms: i64::from(seconds) * 1_000 })
    }

    /// The witnesses' keys, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<CosignerKey> {
        self.ask.iter().map(|witness| witness.key.clone()).collect()
    }
}

const _: () = assert!(limits::WITNESSES_MAX == 16 && limits::PUBLISH_EVERY_MS_MIN == 10_000);
const _: () = assert!(limits::PUBLISH_EVERY_MS_MAX == 86_400_000);

fn witness(word: &str) -> Option<WitnessSettings> {
    let (url, key) = word.split_once([' ', '\t'])?;
    let url = Url::parse(url).ok()?;
    let spoken = matches!(url.scheme(), "https" | "http") && url.query().is_none();
    let key = CosignerKey::parse(key.trim()).ok().filter(|_| spoken)?;
    Some(WitnessSettings { url, key })
}

fn each_once(ask: &[WitnessSettings]) -> bool {
    let keys: std::collections::BTreeSet<&[u8; 32]> =
        ask.iter().map(|witness| witness.key.public()).collect();
    keys.len() == ask.len()
}

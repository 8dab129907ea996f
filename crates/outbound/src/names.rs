//! Texts that the owner of a name published (TXT records).
//!
//! Always true: an answer is bounded in time and number, and a failed lookup is told apart from a
//! name without texts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};

/// Longest lookup.
const DEADLINE: Duration = Duration::from_secs(5);
/// Most texts of one name that are looked at.
const TEXTS_MAX: usize = 64;

/// The name servers did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name servers did not answer")]
pub struct NamesUnreachable;

/// A zone that tests write.
#[derive(Debug, Clone, Default)]
pub struct Zone(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Zone {
    /// Publishes the texts of a name.
    pub fn publish(&self, name: &str, texts: Vec<String>) {
        let mut zone = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        zone.insert(name.to_owned(), texts);
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let zone = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        zone.get(name).cloned().unwrap_or_default()
    }
}

/// Where names are looked up.
#[derive(Clone)]
pub enum Names {
    /// The system's name servers.
    System(Box<TokioResolver>),
    /// A zone of one's own.
    Zone(Zone),
}

impl Names {
    /// The name servers that this machine is configured with.
    ///
    /// # Errors
    /// [`NamesUnreachable`]: none is configured.
    pub fn system() -> Result<Self, NamesUnreachable> {
        let builder = TokioResolver::builder_tokio().map_err(|_| NamesUnreachable)?;
        let resolver = builder.build().map_err(|_| NamesUnreachable)?;
        Ok(Self::System(Box::new(resolver)))
    }

    /// The texts of this name; none when it has none.
    ///
    /// # Errors
    /// [`NamesUnreachable`].
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, NamesUnreachable> {
        let resolver = match self {
            Self::Zone(zone) => return Ok(zone.texts(name)),
            Self::System(resolver) => resolver,
        };
        // The final dot keeps search domains of this machine out.
        let asked = resolver.lookup(format!("{name}."), RecordType::TXT);
        let answer = tokio::time::timeout(DEADLINE, asked).await.map_err(|_| NamesUnreachable)?;
        match answer {
            Ok(lookup) => Ok(lookup
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::TXT(txt) => {
                        Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned())
                    }
                    _ => None,
                })
                .take(TEXTS_MAX)
                .collect()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(_) => Err(NamesUnreachable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_zone_answers_what_was_published_and_nothing_else() {
        let zone = Zone::default();
        zone.publish("_x.one.example", vec!["a".to_owned()]);
        let names = Names::Zone(zone);
        assert_eq!(names.texts("_x.one.example").await, Ok(vec!["a".to_owned()]));
        assert_eq!(names.texts("_x.two.example").await, Ok(Vec::new()));
    }
}

//! How many records are under which key.

use std::collections::BTreeMap;

use broker::{Broker, KeyFacts, Realm};
use domain::TenantId;
use store::{KeyCount, Store, Unit};

use super::SealingError;

/// One key of a workspace, with the records under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CensusLine {
    /// The key's id.
    pub key: [u8; 16],
    /// What the broker knows of it; `None`: records name a key that the broker does not have.
    pub facts: Option<KeyFacts>,
    /// Records under it, by table.
    pub records: BTreeMap<&'static str, u64>,
}

impl CensusLine {
    /// Records under it in every table.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.records.values().sum()
    }
}

/// Every key of the workspace with what is under it, the broker's own first. Nothing is opened.
///
/// # Errors
/// [`SealingError::Broker`], [`SealingError::Store`].
pub async fn census(
    store: &Store,
    broker: &Broker,
    tenant: TenantId,
) -> Result<Vec<CensusLine>, SealingError> {
    let keys = broker.keys(Realm::Tenant(tenant)).await?;
    let counts = counted(store, tenant).await?;
    let mut lines: Vec<CensusLine> = keys
        .keys
        .into_iter()
        .map(|facts| CensusLine {
            key: facts.id.to_bytes(),
            facts: Some(facts),
            records: BTreeMap::new(),
        })
        .collect();
    for count in counts {
        let known = lines.iter().position(|line| line.key == count.key);
        let at = known.unwrap_or(lines.len());
        if known.is_none() {
            lines.push(CensusLine { key: count.key, facts: None, records: BTreeMap::new() });
        }
        if let Some(line) = lines.get_mut(at) {
            *line.records.entry(count.column.table).or_default() += count.records;
        }
    }
    Ok(lines)
}

/// The counts of every registered column.
pub(super) async fn counted(
    store: &Store,
    tenant: TenantId,
) -> Result<Vec<KeyCount>, SealingError> {
    store.unit_read(Unit::Tenant(tenant), |tx| Ok(tx.sealing().census()?)).await
}

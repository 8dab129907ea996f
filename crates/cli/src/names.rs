//! From the names people use to the ids the API takes, by listing.
//!
//! Always true: an id is taken as it is; a name is matched whole; a name nobody can see is the same
//! as none.

use domain::{EnvironmentId, ProjectId, TenantId, UserId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::account::Account;
use crate::client::{Call, operations as op};
use crate::failure::Failure;

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Where the next one starts; absent on the last.
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

/// Most pages that are followed: far beyond every limit of the API, so that a server cannot keep us
/// forever.
const PAGES_MAX: usize = 1_000;

/// Everything of a list, page by page.
///
/// Errors: as [`Account::call`].
pub(crate) async fn all<T: DeserializeOwned>(
    account: &mut Account,
    call: &Call,
) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    let mut next = call.clone().query("limit", domain::limits::PAGE_ITEMS_MAX);
    for _ in 0..PAGES_MAX {
        let page: Page<T> = account.ask(&next).await?;
        items.extend(page.items);
        let Some(cursor) = page.next_cursor else { break };
        next = call.clone().query("limit", domain::limits::PAGE_ITEMS_MAX).query("cursor", cursor);
    }
    Ok(items)
}

/// Everything of a list that the server gives in one piece, because a limit keeps it short.
///
/// Errors: as [`Account::call`].
pub(crate) async fn whole<T: DeserializeOwned>(
    account: &mut Account,
    call: &Call,
) -> Result<Vec<T>, Failure> {
    let page: Page<T> = account.ask(call).await?;
    Ok(page.items)
}

/// Something with an id and a name.
#[derive(Debug, Deserialize)]
pub(crate) struct Named<I> {
    pub(crate) id: I,
    pub(crate) name: String,
}

/// Somebody with an id and an address.
#[derive(Debug, Deserialize)]
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
}

/// The workspace of this name or id.
///
/// Errors: there is none that this person is a member of.
pub(crate) async fn workspace(account: &mut Account, text: &str) -> Result<TenantId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let known = whole(account, &Call::new(op::WORKSPACES, &[])).await?;
    among(known, "workspace", text)
}

/// The project of this name or id.
///
/// Errors: there is none within reach.
pub(crate) async fn project(account: &mut Account, text: &str) -> Result<ProjectId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let known = all(account, &Call::new(op::PROJECTS, &[])).await?;
    among(known, "project", text)
}

/// The environment of this name or id in `project`.
///
/// Errors: there is none.
pub(crate) async fn environment(
    account: &mut Account,
    project: ProjectId,
    text: &str,
) -> Result<EnvironmentId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let known = whole(account, &Call::new(op::ENVIRONMENTS, &[&project])).await?;
    among(known, "environment", text)
}

/// The member of this address or id in the current workspace.
///
/// Errors: there is none.
pub(crate) async fn member(account: &mut Account, text: &str) -> Result<UserId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let team = account.workspace()?;
    let people: Vec<Person> = all(account, &Call::new(op::MEMBERS, &[&team])).await?;
    let wanted = text.to_ascii_lowercase();
    people
        .into_iter()
        .find(|person| person.email == wanted)
        .map(|person| person.user_id)
        .ok_or_else(|| no_member(text))
}

/// There is no member of this address or id.
pub(crate) fn no_member(text: &str) -> Failure {
    missing("member", text, "`casemate members list` shows the team.")
}

/// The one of this name among those that are visible.
fn among<I>(things: Vec<Named<I>>, noun: &'static str, text: &str) -> Result<I, Failure> {
    let known: Vec<String> = things.iter().map(|thing| thing.name.clone()).collect();
    things.into_iter().find(|thing| thing.name == text).map(|thing| thing.id).ok_or_else(|| {
        let advice = match nearest(text, &known) {
            Some(name) => format!("Did you mean {name:?}?"),
            None if known.is_empty() => format!("You can see no {noun} yet."),
            None => format!("You can see: {}.", known.join(", ")),
        };
        missing(noun, text, &advice)
    })
}

fn missing(noun: &'static str, name: &str, advice: &str) -> Failure {
    Failure::NotFound { noun, name: name.to_owned(), advice: advice.to_owned() }
}

/// The known name that differs from `text` by at most two edits.
fn nearest<'a>(text: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (edits(text, name), name.as_str()))
        .filter(|(distance, name)| *distance <= 2 && *distance < name.len())
        .min()
        .map(|(_, name)| name)
}

/// The Levenshtein distance of two short texts, by one row of the table at a time.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((y, &above), &diagonal) in b.chars().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(0);
            next.push((diagonal + usize::from(x != y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        let known = ["production".to_owned(), "preview".to_owned(), "web".to_owned()];
        assert_eq!(nearest("prodution", &known), Some("production"));
        assert_eq!(nearest("perview", &known), Some("preview"));
        assert_eq!(nearest("xyz", &known), None);
    }

    #[test]
    fn distances_are_those_of_levenshtein() {
        assert_eq!((edits("kitten", "sitting"), edits("", "ab"), edits("a", "a")), (3, 2, 0));
    }
}

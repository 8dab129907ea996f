//! Whose a personal value beside an entry is.
//!
//! Always true
//! 1. An address, a user agent and what somebody wrote belong to who acted; where nobody known did,
//!    to the person the entry is about.
//! 2. An e-mail address belongs to the person it leads to, whoever wrote it, and else to the person
//!    the entry is about.
//! 3. What is nobody's known is left alone: it ends with its log.

use domain::UserId;
use serde_json::Value;

use crate::read::EntryView;

/// A person whose values are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// Their e-mail address, while it is known.
    pub email: Option<String>,
}

impl Person {
    /// Whether a personal value beside this entry is theirs.
    #[must_use]
    pub fn owns(&self, view: &EntryView, field: &str, value: &str) -> bool {
        let (about, own) = (about(view), self.user.to_string());
        if field == "email" {
            let leads_here = self.email.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(value));
            return leads_here || about.as_deref().or(actor(view)) == Some(own.as_str());
        }
        actor(view).or(about.as_deref()) == Some(own.as_str())
    }
}

/// The person who acted, themselves or by a key or a job of theirs.
fn actor(view: &EntryView) -> Option<&str> {
    let text = |key: &str| view.actor.get(key).and_then(Value::as_str);
    text("user").or_else(|| text("creator")).or_else(|| text("principal"))
}

/// The person an entry is about.
fn about(view: &EntryView) -> Option<String> {
    let named = matches!(view.resource.kind.as_str(), "user" | "member");
    let resource = view.resource.id.as_str().filter(|_| named).map(str::to_owned);
    let new = || view.new.as_ref()?.get("user")?.as_str().map(str::to_owned);
    resource.or_else(new)
}

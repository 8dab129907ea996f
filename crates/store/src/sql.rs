//! Statements: one text for both engines, checked when the program is compiled.
//!
//! Always true
//! 1. A [`TenantSql`] without the tenant predicate does not compile: `tenant_id = $1` in a select,
//!    update or delete, `(tenant_id, …) values ($1, …)` in an insert. `$1` is bound by the
//!    transaction, never by a caller.
//! 2. A [`PlatformSql`] states why it may touch rows that belong to no tenant.
//! 3. Every statement is in its module's `STATEMENTS`, so a test prepares each one on both engines;
//!    the text check is the first wall, the tokenised test the second, row security or the tenant's
//!    own file the third.
//! 4. No text is built at run time, except by [`Filters`]: typed parts, joined with `and`, in
//!    parentheses.
//!
//! Sources: the shape was tried in the project's own prototype (`docs/decisions/0002`).

use crate::value::Value;

/// What a statement does to its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads them.
    Reads,
    /// Reads them and keeps them locked until the transaction ends (`for update` on PostgreSQL; on
    /// SQLite the unit has one writer, so there is nothing to lock).
    Locks,
    /// Changes them.
    Writes,
}

/// A statement over one tenant's rows.
#[derive(Debug, Clone, Copy)]
pub struct TenantSql {
    name: &'static str,
    text: &'static str,
    effect: Effect,
}

/// A statement over platform rows, which belong to no tenant.
#[derive(Debug, Clone, Copy)]
pub struct PlatformSql {
    name: &'static str,
    why: &'static str,
    text: &'static str,
    effect: Effect,
}

impl TenantSql {
    /// A statement; the macro `tenant_statements!` evaluates it when the program is compiled.
    ///
    /// # Panics
    /// When the text has no tenant predicate; in a `const` this is a compile error.
    #[must_use]
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        assert!(
            names_tenant(text.as_bytes()),
            "a tenant statement says `tenant_id = $1`, or inserts (tenant_id, ...) values ($1, ...)"
        );
        Self { name, text, effect: effect_of(text.as_bytes()) }
    }

    /// The same select, with its rows locked until the transaction ends.
    ///
    /// # Panics
    /// When the statement is not a select; in a `const` this is a compile error.
    #[must_use]
    pub const fn locking(self) -> Self {
        assert!(matches!(self.effect, Effect::Reads), "only a select can lock");
        Self { effect: Effect::Locks, ..self }
    }

    /// Its name: module and constant.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its text, with `$n` for values.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// What it does.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }
}

impl PlatformSql {
    /// A statement, with the reason why it may stand outside a tenant.
    ///
    /// # Panics
    /// When no reason is given, or when the text names a tenant's rows; in a `const` this is a
    /// compile error.
    #[must_use]
    pub const fn new(name: &'static str, why: &'static str, text: &'static str) -> Self {
        assert!(why.len() >= 10, "a platform statement states its reason");
        assert!(
            !contains(text.as_bytes(), b"tenant_id"),
            "a platform statement never touches a tenant's rows"
        );
        Self { name, why, text, effect: effect_of(text.as_bytes()) }
    }

    /// The same select, with its rows locked until the transaction ends.
    ///
    /// # Panics
    /// When the statement is not a select; in a `const` this is a compile error.
    #[must_use]
    pub const fn locking(self) -> Self {
        assert!(matches!(self.effect, Effect::Reads), "only a select can lock");
        Self { effect: Effect::Locks, ..self }
    }

    /// Its name: module and constant.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Why it may stand outside a tenant.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        self.why
    }

    /// Its text, with `$n` for values.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// What it does.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }
}

/// Every tenant statement of the program.
#[must_use]
pub fn all_tenant() -> Vec<TenantSql> {
    crate::tenant::STATEMENTS
        .iter()
        .chain(crate::audit::STATEMENTS)
        .flat_map(|module| module.iter().copied())
        .collect()
}

/// Every platform statement of the program.
#[must_use]
pub fn all_platform() -> Vec<PlatformSql> {
    crate::platform::STATEMENTS.iter().flat_map(|module| module.iter().copied()).collect()
}

/// Declares a module's tenant statements, and its `STATEMENTS` list with all of them.
macro_rules! tenant_statements {
    ($module:literal: $($(#[$doc:meta])* $name:ident $($locking:ident)? = $text:expr;)+) => {
        $($(#[$doc])* const $name: $crate::sql::TenantSql = const {
            $crate::sql::TenantSql::new(concat!($module, "::", stringify!($name)), $text)
                $(.$locking())?
        };)+
        pub(crate) const STATEMENTS: &[$crate::sql::TenantSql] = &[$($name),+];
    };
}
pub(crate) use tenant_statements;

/// Declares a module's platform statements with their one reason, and its `STATEMENTS` list.
macro_rules! platform_statements {
    (
        $module:literal, $why:literal:
        $($(#[$doc:meta])* $name:ident $($locking:ident)? = $text:expr;)+
    ) => {
        $($(#[$doc])* const $name: $crate::sql::PlatformSql = const {
            $crate::sql::PlatformSql::new(concat!($module, "::", stringify!($name)), $why, $text)
                $(.$locking())?
        };)+
        pub(crate) const STATEMENTS: &[$crate::sql::PlatformSql] = &[$($name),+];
    };
}
pub(crate) use platform_statements;

/// The place in a statement where [`Filters`] are put.
pub(crate) const FILTERS: &str = "{filters}";

/// Further conditions of a listing: `column = value` or `column >= value`, ANDed, each in
/// parentheses. Columns are constants of this crate and values are bound, so no text of a caller
/// reaches a statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters {
    parts: Vec<(&'static str, &'static str, Value)>,
}

impl Filters {
    /// Keeps rows whose `column` equals `value`, when one is given.
    pub(crate) fn equal(self, column: &'static str, value: Option<impl Into<Value>>) -> Self {
        self.compared(column, "=", value)
    }

    /// Keeps rows whose `column` is `value` or more, when one is given.
    pub(crate) fn at_least(self, column: &'static str, value: Option<impl Into<Value>>) -> Self {
        self.compared(column, ">=", value)
    }

    fn compared(
        mut self,
        column: &'static str,
        how: &'static str,
        value: Option<impl Into<Value>>,
    ) -> Self {
        self.parts.extend(value.map(|value| (column, how, value.into())));
        self
    }

    /// The statement's text with these conditions, whose values are numbered from `first`.
    pub(crate) fn applied(&self, text: &str, first: usize) -> String {
        let conditions: String = self
            .parts
            .iter()
            .enumerate()
            .map(|(n, (column, how, _))| format!(" and ({column} {how} ${})", first + n))
            .collect();
        text.replace(FILTERS, &conditions)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.parts.iter().map(|(_, _, value)| value)
    }
}

const fn effect_of(text: &[u8]) -> Effect {
    if starts_with(text, b"select ") {
        return Effect::Reads;
    }
    assert!(
        starts_with(text, b"insert into ")
            || starts_with(text, b"update ")
            || starts_with(text, b"delete from "),
        "a statement is a select, insert, update or delete"
    );
    Effect::Writes
}

const fn names_tenant(text: &[u8]) -> bool {
    if starts_with(text, b"insert into ") {
        contains(text, b" (tenant_id, ")
            && (contains(text, b" values ($1, ") || contains(text, b" select $1, "))
    } else {
        binds_tenant(text)
    }
}

/// Whether `tenant_id = $1` is in the text, and not only as the beginning of `$10` and above.
const fn binds_tenant(mut text: &[u8]) -> bool {
    const PREDICATE: &[u8] = b"tenant_id = $1";
    loop {
        if starts_with(text, PREDICATE) {
            let (_, after) = text.split_at(PREDICATE.len());
            match after {
                [b'0'..=b'9', ..] => {}
                _ => return true,
            }
        }
        let [_, rest @ ..] = text else { return false };
        text = rest;
    }
}

const fn starts_with(mut text: &[u8], mut part: &[u8]) -> bool {
    while let [wanted, part_rest @ ..] = part {
        let [found, text_rest @ ..] = text else { return false };
        if *found != *wanted {
            return false;
        }
        part = part_rest;
        text = text_rest;
    }
    true
}

const fn contains(mut text: &[u8], part: &[u8]) -> bool {
    loop {
        if starts_with(text, part) {
            return true;
        }
        let [_, rest @ ..] = text else { return false };
        text = rest;
    }
}

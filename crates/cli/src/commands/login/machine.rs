//! What this client says about its machine: shown to whoever lets it in, as its own words.

use crate::output::printable;

/// Which client this is.
pub(super) const VERSION: &str = concat!("casemate ", env!("CARGO_PKG_VERSION"));
/// Longest name that is said.
const NAME_CHARS_MAX: usize = 64;

/// The machine's name.
pub(super) fn name() -> String {
    let system = rustix::system::uname();
    let name: String =
        printable(&system.nodename().to_string_lossy()).chars().take(NAME_CHARS_MAX).collect();
    if name.trim().is_empty() { "a machine without a name".to_owned() } else { name }
}

//! What a client calls itself, reduced to what stays the same between updates.
//!
//! Always true: a version number changes nothing, so an update is no new device.

/// A client, reduced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The operating system it names.
    pub system: &'static str,
    /// The family: a browser's, or a program's own name.
    pub family: String,
}

/// Longest name of a program that is told apart.
const FAMILY_CHARS_MAX: usize = 24;

/// Marks in the order they are looked for: browsers name each other.
const FAMILIES: &[(&str, &str)] = &[
    ("edg", "edge"),
    ("opr/", "opera"),
    ("samsungbrowser", "samsung"),
    ("firefox", "firefox"),
    ("fxios", "firefox"),
    ("crios", "chrome"),
    ("chrome", "chrome"),
    ("chromium", "chrome"),
    ("safari", "safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("android", "android"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("windows", "windows"),
    ("mac os", "mac"),
    ("macintosh", "mac"),
    ("cros", "chromeos"),
    ("linux", "linux"),
];

/// Reduces a user agent. One that says nothing is `other` on `other`.
#[must_use]
pub fn agent_of(text: Option<&str>) -> Agent {
    let lower = text.unwrap_or_default().to_ascii_lowercase();
    let marked = |marks: &'static [(&'static str, &'static str)]| {
        marks.iter().find(|(mark, _)| lower.contains(mark)).map(|(_, name)| *name)
    };
    let family = match marked(FAMILIES) {
        Some(family) if lower.starts_with("mozilla/") => family.to_owned(),
        _ => program(&lower),
    };
    Agent { system: marked(SYSTEMS).unwrap_or("other"), family }
}

/// The name before the version: `casemate/0.1.0 (linux)` is `casemate`.
fn program(lower: &str) -> String {
    let name: String = lower
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .take(FAMILY_CHARS_MAX)
        .collect();
    if name.is_empty() { "other".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (&'static str, String) {
        let agent = agent_of(Some(text));
        (agent.system, agent.family)
    }

    #[test]
    fn an_update_is_no_new_client_and_another_browser_is() {
        let chrome = |version: u32| {
            format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                 Gecko) Chrome/{version}.0.0.0 Safari/537.36"
            )
        };
        assert_eq!(of(&chrome(120)), of(&chrome(121)));
        assert_eq!(of(&chrome(120)), ("windows", "chrome".to_owned()));
        assert_eq!(of(&format!("{} Edg/120.0", chrome(120))), ("windows", "edge".to_owned()));
        let phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) Version/17.1 Safari/604";
        assert_eq!(of(phone), ("ios", "safari".to_owned()));
    }

    #[test]
    fn programs_are_known_by_their_names_and_nonsense_is_other() {
        assert_eq!(of("casemate/0.1.0 (linux)"), ("linux", "casemate".to_owned()));
        assert_eq!(of("curl/8.1"), ("other", "curl".to_owned()));
        assert_eq!(agent_of(None).family, "other");
        assert_eq!(of("\u{e4}\u{f6}"), ("other", "other".to_owned()));
        assert_eq!(of(&"x".repeat(256)).1.len(), FAMILY_CHARS_MAX);
    }
}

//! `[security]`: whom to tell about a weakness (RFC 9116).

use super::ConfigError;
use super::sources::Values;

/// What `/.well-known/security.txt` says. Without a contact there is no such file.
#[derive(Debug, Clone, Default)]
pub struct SecurityConfig {
    /// `mailto:` or `https:`.
    pub contact: Option<String>,
    /// Until when the contact holds.
    pub contact_until: Option<String>,
}

impl SecurityConfig {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let contact = Some(values.or_default("security.contact")).filter(|text| !text.is_empty());
        let until =
            Some(values.or_default("security.contact_until")).filter(|text| !text.is_empty());
        if let Some(contact) = &contact {
            let scheme = contact.starts_with("mailto:") || contact.starts_with("https://");
            // A line break would add fields of somebody else's choosing to the file.
            if !scheme || contact.chars().any(|c| c.is_control() || c.is_whitespace()) {
                let rule = "it must start with mailto: or https:// and hold no spaces";
                return Err(ConfigError::OutOfRange { key: "security.contact", rule });
            }
        }
        match (&contact, &until) {
            (Some(_), None) => {
                let rule = "RFC 9116 asks for an end: set it, at most a year from now";
                Err(ConfigError::OutOfRange { key: "security.contact_until", rule })
            }
            (_, Some(until)) if !is_utc_date_time(until) => {
                let rule = "it must be a UTC time such as 2027-01-31T00:00:00Z";
                Err(ConfigError::OutOfRange { key: "security.contact_until", rule })
            }
            _ => Ok(Self { contact, contact_until: until }),
        }
    }
}

/// Whether the text has the form `2027-01-31T00:00:00Z`.
fn is_utc_date_time(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:ddZ";
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            mark => byte == mark,
        })
}

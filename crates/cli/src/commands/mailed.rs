//! A link out of a letter: it names a reset or a recovery, and opens nothing.

use std::str::FromStr;

use url::Url;

/// A link, or only the id in it.
#[derive(Debug, Clone)]
pub(crate) struct Mailed<I> {
    /// What the link names.
    pub(crate) id: I,
    /// The server it leads to.
    pub(crate) server: Option<Url>,
}

impl<I: FromStr> FromStr for Mailed<I> {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if let Ok(id) = text.parse() {
            return Ok(Self { id, server: None });
        }
        let no_link = "the link in the message ends in an id, like https://HOST/.../0192...";
        let url: Url = text.parse().map_err(|_| no_link)?;
        let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let id = last.parse().map_err(|_| no_link)?;
        let server = url.join("/").map_err(|_| no_link)?;
        Ok(Self { id, server: Some(server) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_its_id_name_the_same_and_nothing_else_does() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let link = format!("https://casemate.example/password-resets/{id}");
        let read = |text: &str| text.parse::<Mailed<domain::ResetId>>();
        assert_eq!(read(&link).unwrap().id, read(id).unwrap().id);
        assert_eq!(read(&link).unwrap().server.unwrap().as_str(), "https://casemate.example/");
        for other in ["", "https://casemate.example/", "0000-0000-0000-0000-0000"] {
            assert!(read(other).is_err(), "{other}");
        }
    }
}

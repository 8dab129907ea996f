//! Where an address is, by a file that the operator supplies in MaxMind's format.
//!
//! Always true
//! 1. Without a file nothing is known, and everything works all the same.
//! 2. The file is read once at start; no address leaves this process.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::Reader;
use serde::Deserialize;

use super::travel;

/// A place.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The country (ISO 3166-1 alpha-2).
    pub country: String,
    /// Latitude and longitude in degrees: the file's own, else the middle of the country.
    pub at: Option<(f64, f64)>,
}

/// The operator's file.
#[derive(Default)]
pub struct Places(Option<Reader<Vec<u8>>>);

/// Why a file of places is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlacesError {
    /// It cannot be read.
    #[error("the file cannot be read")]
    Unreadable,
    /// It is not in MaxMind's format.
    #[error("the file is not a MaxMind database")]
    Format,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    country: Option<FoundCountry>,
    #[serde(default)]
    location: Option<FoundLocation>,
}

#[derive(Deserialize)]
struct FoundCountry {
    #[serde(default)]
    iso_code: Option<String>,
}

#[derive(Deserialize)]
struct FoundLocation {
    #[serde(default)]
    latitude: Option<f64>,
    #[serde(default)]
    longitude: Option<f64>,
}

impl Places {
    /// Reads a file.
    ///
    /// # Errors
    /// [`PlacesError`].
    pub fn open(path: &Path) -> Result<Self, PlacesError> {
        let bytes = std::fs::read(path).map_err(|_| PlacesError::Unreadable)?;
        Self::read(bytes)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`PlacesError::Format`].
    pub fn read(bytes: Vec<u8>) -> Result<Self, PlacesError> {
        Reader::from_source(bytes).map(|reader| Self(Some(reader))).map_err(|_| PlacesError::Format)
    }

    /// Where an address is; `None` when the file does not say.
    #[must_use]
    pub fn of(&self, ip: Option<IpAddr>) -> Option<Place> {
        let found: Found =
            self.0.as_ref()?.lookup(ip?.to_canonical()).ok()?.decode().ok().flatten()?;
        let country = found.country.and_then(|country| country.iso_code)?;
        let letters = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
        if !letters {
            return None;
        }
        let named = found.location.and_then(|it| Some((it.latitude?, it.longitude?)));
        let at = named.or_else(|| travel::middle_of(&country));
        Some(Place { country, at })
    }
}

//! What `up` prints once the platform runs.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use data_encoding::HEXUPPER;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use super::ready::Ready;
use crate::layout::DataFolder;
use crate::link::{self, FirstOwner};
use crate::output::Output;
use crate::settings::Settings;
use crate::users::Separation;

/// What is to be said beside the settings.
pub(crate) struct News {
    /// Where `serve` listens.
    pub(crate) ready: Option<Ready>,
    /// What the first owner is given, while there is none.
    pub(crate) owner: Option<FirstOwner>,
    /// Whether the recovery code was ever typed back.
    pub(crate) recovery_confirmed: bool,
}

/// Prints the greeting: one event for a program, a page for a person.
pub(crate) fn print(output: &Output, settings: &Settings, separation: Separation, news: News) {
    let News { ready, owner, recovery_confirmed } = news;
    let places = &settings.places;
    let url = link::url(settings, ready);
    let fingerprint = fingerprint(&places.data);
    let weak = matches!(separation, Separation::Weak(_));
    let separated = if weak { "weak (one user)" } else { "a user for each process" };
    let mut page = format!(
        "Casemate is running.\n\n  address      {url}\n  certificate  {fingerprint}\n  data         {}\n  \
         keys         {} (never back them up together with the data)\n  separation   {separated}\n",
        places.data.path().display(),
        places.config.slots().display(),
    );
    let recovery = Some(places.config.recovery_code()).filter(|file| file.exists());
    if let Some(file) = &recovery {
        let _ = write!(
            page,
            "\nThe recovery code lies in {}: write it down elsewhere and remove the file.\n",
            file.display()
        );
    }
    if let Some(owner) = &owner {
        let _ = write!(
            page,
            "\nFirst owner, once, within a day:\n  link: {}\n  code: {}\n",
            owner.link(&url),
            owner.code.shown()
        );
    }
    if owner.is_some() || !recovery_confirmed {
        page.push_str("\nNext:\n");
    }
    if let Some(owner) = &owner {
        let _ = writeln!(page, "  casemate signup --link {}", owner.link(&url));
    }
    if !recovery_confirmed {
        page.push_str("  casemate slots confirm   (until then `casemate doctor` is red)\n");
    }
    page.push_str("\nCtrl-C stops it.");
    let fields = json!({
        "url": url,
        "certificate": fingerprint,
        "data": places.data.path(),
        "config": places.config.path(),
        "separation": if weak { "weak" } else { "users" },
        "link": owner.as_ref().map(|owner| owner.link(&url)),
        "code_file": owner.as_ref().and_then(|owner| owner.code.file()),
        "recovery_code_file": recovery,
        "recovery_confirmed": recovery_confirmed,
    });
    output.result("ready", fields, &page);
}

/// The SHA-256 of the API's certificate, as the command line shows and takes it.
fn fingerprint(data: &DataFolder) -> String {
    let Ok(certificate) = CertificateDer::from_pem_file(data.certificate()) else {
        return "(none yet)".into();
    };
    let digest = digest::digest(&digest::SHA256, &certificate);
    let bytes = digest.as_ref().iter().map(|byte| HEXUPPER.encode(&[*byte]));
    std::iter::once("SHA256".to_owned()).chain(bytes).collect::<Vec<_>>().join(":")
}

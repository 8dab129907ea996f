//! The check of the API's certificate.
//!
//! The chain is verified with its own last certificate as the anchor: that judges the dates and
//! signatures of what would be sent, and leaves whom clients trust to them.

use std::path::Path;
use std::time::Duration;

use domain::TimeMs;
use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;

use super::finding::{Check, Finding};

/// Somebody should renew a certificate this long before its end.
const RENEW_MS: i64 = 14 * 24 * 3_600 * 1_000;

/// Whether the certificate at `path` is valid now and for two weeks.
pub(crate) fn certificate(path: &Path, now: TimeMs) -> Finding {
    let renew = format!(
        "put a new certificate and key there, or remove both to get a self-signed one at the next start: {}",
        path.display()
    );
    let chain: Result<Vec<CertificateDer<'_>>, _> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let chain = match chain {
        Ok(chain) => chain,
        Err(error) => {
            let seen = format!("{} cannot be read: {error}", path.display());
            return Finding::fail(Check::Certificate, seen, renew);
        }
    };
    match (valid_at(&chain, now), valid_at(&chain, now.plus_ms(RENEW_MS))) {
        (Ok(()), Ok(())) => Finding::ok(Check::Certificate, "valid for at least 14 more days"),
        (Ok(()), Err(_)) => Finding::warn(Check::Certificate, "ends within 14 days", renew),
        (Err(error), _) => Finding::fail(Check::Certificate, format!("not valid: {error}"), renew),
    }
}

fn valid_at(chain: &[CertificateDer<'_>], at: TimeMs) -> Result<(), rustls::Error> {
    let empty = || rustls::Error::General("the file holds no certificate".into());
    let (end, above) = chain.split_first().ok_or_else(empty)?;
    let mut anchors = RootCertStore::empty();
    anchors.add(chain.last().ok_or_else(empty)?.clone().into_owned())?;
    let seconds = u64::try_from(at.0 / 1_000).unwrap_or(0);
    verify_server_cert_signed_by_trust_anchor(
        &ParsedCertificate::try_from(end)?,
        &anchors,
        above,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all,
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    /// 2026-01-01 and 2027-01-01.
    const FROM: TimeMs = TimeMs(1_767_225_600_000);
    const UNTIL: TimeMs = TimeMs(1_798_761_600_000);

    fn self_signed(folder: &tempfile::TempDir) -> std::path::PathBuf {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let path = folder.path().join("cert.pem");
        std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
        path
    }

    #[test]
    fn a_certificate_is_red_before_and_after_its_dates_and_warns_two_weeks_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = self_signed(&folder);
        let at = |now| certificate(&path, now).verdict;
        assert_eq!(at(FROM.plus_ms(-60_000)), Verdict::Fail);
        assert_eq!(at(FROM.plus_ms(60_000)), Verdict::Ok);
        assert_eq!(at(UNTIL.plus_ms(60_000 - RENEW_MS)), Verdict::Warn);
        assert_eq!(at(UNTIL.plus_ms(60_000)), Verdict::Fail);
    }

    #[test]
    fn a_missing_an_empty_and_a_damaged_certificate_are_red() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cert.pem");
        assert_eq!(certificate(&path, FROM).verdict, Verdict::Fail);
        for text in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(certificate(&path, FROM).verdict, Verdict::Fail, "{text:?}");
        }
    }
}

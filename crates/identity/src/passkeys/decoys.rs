//! Passkeys that nobody has, shown for an address that has none.
//!
//! Always true: the same address is shown the same decoys at every time, so asking twice tells
//! nothing; whoever has no key of the broker's cannot tell one from a real passkey's id.
//!
//! Honest limit: the ids of somebody's real passkeys are shown to whoever names their address, as
//! WebAuthn level 3 section 14.6.2 describes. Without an address nothing is shown at all.

use broker::{BrokerError, MacPurpose};
use data_encoding::BASE64URL_NOPAD;
use domain::EmailAddress;

use crate::identity::Identity;

/// Most decoys of one address.
const MOST: u8 = 3;
/// Lengths of ids that authenticators in use give; the digest has 32 bytes, so none is longer.
const LENGTHS: [usize; 4] = [16, 20, 32, 32];

/// The decoys of an address: one, two or three ids in base64url.
pub(super) async fn of(
    identity: &Identity,
    email: &EmailAddress,
) -> Result<Vec<String>, BrokerError> {
    let shape = digest(identity, email, 0).await?;
    let (count, length) = shaped(shape[0]);
    let mut ids = Vec::new();
    // All of them are computed, so that the time tells nothing either.
    for number in 1..=MOST {
        let id = digest(identity, email, number).await?;
        let cut = id.get(..length).unwrap_or(&id);
        ids.push(BASE64URL_NOPAD.encode(cut));
    }
    ids.truncate(count);
    Ok(ids)
}

async fn digest(
    identity: &Identity,
    email: &EmailAddress,
    number: u8,
) -> Result<[u8; 32], BrokerError> {
    let message = [b"passkey decoy ".as_slice(), &[number, b' '], email.as_str().as_bytes()];
    identity.broker.mac(MacPurpose::Code, message.concat()).await
}

/// How many decoys and how long their ids are: most people have one passkey, some have more.
fn shaped(byte: u8) -> (usize, usize) {
    let count = match byte % 8 {
        0..=4 => 1,
        5 | 6 => 2,
        _ => 3,
    };
    let length = LENGTHS.get(usize::from(byte / 64)).copied().unwrap_or(32);
    (count, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_one_to_three_ids_of_a_usual_length() {
        let mut counts = [0; 4];
        for byte in 0..=u8::MAX {
            let (count, length) = shaped(byte);
            assert!((1..=usize::from(MOST)).contains(&count) && LENGTHS.contains(&length));
            counts[count] += 1;
        }
        assert!(counts[1] > counts[2] && counts[2] > counts[3] && counts[3] > 0);
    }
}

//! A token behind PKCS#11: an AES key that never leaves it wraps the wrapping key with AES-GCM.
//!
//! The library of the token's maker is loaded into this process alone.

use broker::ElsewhereFault;
use broker::slots::{ElsewherePlace, Errand, Fetched};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use super::{key_of, new_key, one_part, secret_in};

const NONCE_BYTES: usize = 12;
const TAG_BITS: u64 = 128;
/// Said to the token with every wrapping, so that it unwraps nothing else with this key for us.
const PURPOSE: &[u8] = b"casemate.v2 unseal slot";

/// Makes and wraps a key, or unwraps one.
///
/// # Errors
/// [`ElsewhereFault`].
pub(super) fn fetch(errand: &Errand) -> Result<Fetched, ElsewhereFault> {
    let ElsewherePlace::Pkcs11 { token, key } = &errand.place else {
        return Err(ElsewhereFault::Failed);
    };
    let wrapped = one_part(&errand.act)?;
    let session = session(errand, token)?;
    let handle = find(&session, key)?;
    match wrapped {
        None => {
            let key = new_key();
            let mut nonce = [0u8; NONCE_BYTES];
            domain::Entropy::fill(&seal::SystemEntropy, &mut nonce);
            let mut part = nonce.to_vec();
            let sealed = session.encrypt(&gcm(&mut nonce)?, handle, key.as_slice());
            part.extend_from_slice(&sealed.map_err(|_| ElsewhereFault::NoKey)?);
            Ok(Fetched { key, parts: vec![part] })
        }
        Some(part) => {
            let (nonce, sealed) =
                part.split_first_chunk::<NONCE_BYTES>().ok_or(ElsewhereFault::Refused)?;
            let mut nonce = *nonce;
            let opened = session.decrypt(&gcm(&mut nonce)?, handle, sealed).map(Zeroizing::new);
            let opened = opened.map_err(|_| ElsewhereFault::Refused)?;
            Ok(Fetched { key: key_of(&opened)?, parts: Vec::new() })
        }
    }
}

fn gcm(nonce: &mut [u8; NONCE_BYTES]) -> Result<Mechanism<'_>, ElsewhereFault> {
    let tag_bits = TAG_BITS.into();
    GcmParams::new(nonce, PURPOSE, tag_bits)
        .map(Mechanism::AesGcm)
        .map_err(|_| ElsewhereFault::Failed)
}

/// A session with the token, signed in.
fn session(errand: &Errand, token: &str) -> Result<Session, ElsewhereFault> {
    let module = errand.access.pkcs11_module.as_ref().ok_or(ElsewhereFault::NotConfigured)?;
    let pin = secret_in(errand.access.pkcs11_pin_file.as_deref())?;
    let pin = pin.expose_text().ok_or(ElsewhereFault::NotConfigured)?;
    let library = Pkcs11::new(module).map_err(|_| ElsewhereFault::NotConfigured)?;
    library
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .map_err(|_| ElsewhereFault::Unreachable)?;
    let slots = library.get_slots_with_token().map_err(|_| ElsewhereFault::Unreachable)?;
    let labelled = |slot: &cryptoki::slot::Slot| {
        library.get_token_info(*slot).is_ok_and(|info| info.label() == token)
    };
    let slot = slots.into_iter().find(labelled).ok_or(ElsewhereFault::NoKey)?;
    let session = library.open_ro_session(slot).map_err(|_| ElsewhereFault::Unreachable)?;
    let signed_in = session.login(UserType::User, Some(&AuthPin::new(pin.into())));
    signed_in.map_err(|error| match error {
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid, _) => {
            ElsewhereFault::Forbidden
        }
        Error::Pkcs11(RvError::PinLocked | RvError::UserPinNotInitialized, _) => {
            ElsewhereFault::Sealed
        }
        _ => ElsewhereFault::Failed,
    })?;
    Ok(session)
}

fn find(session: &Session, label: &str) -> Result<ObjectHandle, ElsewhereFault> {
    let wanted = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    let found = session.find_objects(&wanted).map_err(|_| ElsewhereFault::NoKey)?;
    found.into_iter().next().ok_or(ElsewhereFault::NoKey)
}

//! The machine's TPM 2.0: the wrapping key is sealed under the owner hierarchy's storage key, so
//! this TPM alone gives it back.
//!
//! Always true: the key crosses the bus to the TPM under a session that is salted with the storage
//! key and encrypts both ways.

use broker::ElsewhereFault;
use broker::slots::{Act, Errand, Fetched};
use tss_esapi::attributes::{ObjectAttributesBuilder, SessionAttributesBuilder};
use tss_esapi::constants::SessionType;
use tss_esapi::handles::KeyHandle;
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{
    EccPoint, KeyedHashScheme, Private, Public, PublicBuilder, PublicEccParametersBuilder,
    PublicKeyedHashParameters, SensitiveData, SymmetricDefinition, SymmetricDefinitionObject,
};
use tss_esapi::traits::{Marshall, UnMarshall};
use tss_esapi::{Context, TctiNameConf};
use zeroize::Zeroizing;

use super::{key_of, new_key};

/// Makes and seals a key, or unseals one.
///
/// # Errors
/// [`ElsewhereFault`].
pub(super) fn fetch(errand: &Errand) -> Result<Fetched, ElsewhereFault> {
    let (mut context, parent) = reached(errand)?;
    match &errand.act {
        Act::Wrap => {
            let key = new_key();
            let parts = seal(&mut context, parent, key.as_slice());
            Ok(Fetched { key, parts: parts.map_err(|_| ElsewhereFault::Failed)? })
        }
        Act::Unwrap(parts) => {
            let [public, private] = parts.as_slice() else { return Err(ElsewhereFault::Refused) };
            let opened = unseal(&mut context, parent, public, private);
            let opened = opened.map_err(|_| ElsewhereFault::Refused)?;
            Ok(Fetched { key: key_of(&opened)?, parts: Vec::new() })
        }
    }
}

/// The TPM with an encrypting session, and the key that everything is sealed under.
fn reached(errand: &Errand) -> Result<(Context, KeyHandle), ElsewhereFault> {
    let named = errand.access.tpm.as_deref().ok_or(ElsewhereFault::NotConfigured)?;
    let named: TctiNameConf = named.parse().map_err(|_| ElsewhereFault::NotConfigured)?;
    let mut context = Context::new(named).map_err(|_| ElsewhereFault::Unreachable)?;
    let session = new_session(&mut context, None);
    context.set_sessions((session.map_err(|_| ElsewhereFault::Unreachable)?, None, None));
    // Deterministic: the same TPM makes the same storage key from the same template every time.
    let template = storage_key().map_err(|_| ElsewhereFault::Failed)?;
    let made = context.create_primary(Hierarchy::Owner, template, None, None, None, None);
    let parent = made.map_err(|_| ElsewhereFault::Forbidden)?.key_handle;
    // A session is started without another one around it.
    context.clear_sessions();
    let session = new_session(&mut context, Some(parent)).map_err(|_| ElsewhereFault::Failed)?;
    let encrypted = session.ok_or(ElsewhereFault::Failed)?;
    let (attributes, mask) =
        SessionAttributesBuilder::new().with_decrypt(true).with_encrypt(true).build();
    context
        .tr_sess_set_attributes(encrypted, attributes, mask)
        .map_err(|_| ElsewhereFault::Failed)?;
    context.set_sessions((Some(encrypted), None, None));
    Ok((context, parent))
}

fn new_session(
    context: &mut Context,
    salted_with: Option<KeyHandle>,
) -> tss_esapi::Result<Option<AuthSession>> {
    context.start_auth_session(
        salted_with,
        None,
        None,
        SessionType::Hmac,
        SymmetricDefinition::AES_128_CFB,
        HashingAlgorithm::Sha256,
    )
}

/// A storage key on P-256.
fn storage_key() -> tss_esapi::Result<Public> {
    let attributes = ObjectAttributesBuilder::new()
        .with_fixed_tpm(true)
        .with_fixed_parent(true)
        .with_sensitive_data_origin(true)
        .with_user_with_auth(true)
        .with_no_da(true)
        .with_restricted(true)
        .with_decrypt(true)
        .build()?;
    let parameters = PublicEccParametersBuilder::new_restricted_decryption_key(
        SymmetricDefinitionObject::AES_128_CFB,
        EccCurve::NistP256,
    )
    .build()?;
    PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::Ecc)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes)
        .with_ecc_parameters(parameters)
        .with_ecc_unique_identifier(EccPoint::default())
        .build()
}

/// A sealed object that stays in this TPM.
fn sealed_object() -> tss_esapi::Result<Public> {
    let attributes = ObjectAttributesBuilder::new()
        .with_fixed_tpm(true)
        .with_fixed_parent(true)
        .with_no_da(true)
        .with_user_with_auth(true)
        .build()?;
    PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::KeyedHash)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes)
        .with_keyed_hash_parameters(PublicKeyedHashParameters::new(KeyedHashScheme::Null))
        .with_keyed_hash_unique_identifier(tss_esapi::structures::Digest::default())
        .build()
}

fn seal(context: &mut Context, parent: KeyHandle, key: &[u8]) -> tss_esapi::Result<Vec<Vec<u8>>> {
    let data = SensitiveData::try_from(key.to_vec())?;
    let made = context.create(parent, sealed_object()?, None, Some(data), None, None)?;
    Ok(vec![made.out_public.marshall()?, made.out_private.value().to_vec()])
}

fn unseal(
    context: &mut Context,
    parent: KeyHandle,
    public: &[u8],
    private: &[u8],
) -> tss_esapi::Result<Zeroizing<Vec<u8>>> {
    let public = Public::unmarshall(public)?;
    let private = Private::try_from(private.to_vec())?;
    let object = context.load(parent, private, public)?;
    let opened = context.unseal(object.into())?;
    Ok(Zeroizing::new(opened.value().to_vec()))
}

//! Ways to open a slot, and the public lines that each has in the slot file.
//!
//! Always true: every line is part of [`Way::bound`], which the slot's key is derived from.

use data_encoding::BASE64;

use super::age::AgeRecipient;
use super::share::Split;
use crate::passphrase::PassphraseCost;

/// Longest name or address in a slot.
pub const NAME_BYTES_MAX: usize = 200;
/// Largest wrapped key in a slot: a TPM's private part is the largest, about 300 bytes.
pub const WRAPPED_BYTES_MAX: usize = 1024;

/// Kinds of slot, as the file names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A key file.
    KeyFile,
    /// A passphrase.
    Passphrase,
    /// The recovery code.
    Recovery,
    /// An age recipient.
    Age,
    /// Shares that several people hold.
    Shamir,
    /// A credential that the service manager hands over.
    Credential,
    /// A key management service that speaks transit.
    Kms,
    /// A token behind PKCS#11.
    Pkcs11,
    /// A TPM 2.0.
    Tpm,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::KeyFile,
        Self::Passphrase,
        Self::Recovery,
        Self::Age,
        Self::Shamir,
        Self::Credential,
        Self::Kms,
        Self::Pkcs11,
        Self::Tpm,
    ];

    /// The word in the slot file, and the start of the slot file's own name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeyFile => "key-file",
            Self::Passphrase => "passphrase",
            Self::Recovery => "recovery",
            Self::Age => "age",
            Self::Shamir => "shamir",
            Self::Credential => "credential",
            Self::Kms => "kms",
            Self::Pkcs11 => "pkcs11",
            Self::Tpm => "tpm",
        }
    }

    /// The number of the slot file's format: a release that knows the first only says that a newer
    /// one wrote the rest.
    pub(super) const fn format(self) -> u32 {
        match self {
            Self::KeyFile | Self::Passphrase | Self::Recovery => 1,
            _ => 2,
        }
    }
}

/// A name or an address: printable ASCII, no space at its ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// A name that no slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 200 printable ASCII characters, and no space at its ends")]
pub struct NotAName;

impl Name {
    /// A name.
    ///
    /// # Errors
    /// [`NotAName`].
    pub fn new(text: &str) -> Result<Self, NotAName> {
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let fits = (1..=NAME_BYTES_MAX).contains(&text.len());
        if printable && fits && text.trim() == text {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAName)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a slot is opened: its kind, and what is public about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By a key file.
    KeyFile,
    /// By a passphrase, at this cost.
    Passphrase(PassphraseCost),
    /// By the recovery code.
    Recovery,
    /// By an age identity.
    Age {
        /// Whose public string it is.
        recipient: AgeRecipient,
        /// The wrapping key, as an age file.
        wrapped: Vec<u8>,
    },
    /// By shares.
    Shamir(Split),
    /// By a credential of this name: a key file that the service manager decrypts.
    Credential {
        /// Its name in the folder of credentials.
        name: Name,
    },
    /// By a key management service.
    Kms {
        /// Its address: `https://host:port`.
        address: Name,
        /// Where its transit engine is mounted.
        mount: Name,
        /// The key there.
        key: Name,
        /// The wrapping key, as the service gave it.
        wrapped: Name,
    },
    /// By a PKCS#11 token.
    Pkcs11 {
        /// The token's label.
        token: Name,
        /// The label of the key in it.
        key: Name,
        /// The wrapping key, encrypted by the token.
        wrapped: Vec<u8>,
    },
    /// By the TPM of one machine.
    Tpm {
        /// The sealed object's public part.
        public: Vec<u8>,
        /// Its private part, which this TPM alone can load.
        private: Vec<u8>,
    },
}

impl Way {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::KeyFile => Kind::KeyFile,
            Self::Passphrase(_) => Kind::Passphrase,
            Self::Recovery => Kind::Recovery,
            Self::Age { .. } => Kind::Age,
            Self::Shamir(_) => Kind::Shamir,
            Self::Credential { .. } => Kind::Credential,
            Self::Kms { .. } => Kind::Kms,
            Self::Pkcs11 { .. } => Kind::Pkcs11,
            Self::Tpm { .. } => Kind::Tpm,
        }
    }

    /// The lines of its own in the slot file, in order.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let named = |name: &Name| name.as_str().to_owned();
        match self {
            Self::KeyFile | Self::Recovery => vec![("cost", "0 0 0".to_owned())],
            Self::Passphrase(cost) => {
                let [memory_kib, passes, lanes] = cost.parts();
                vec![("cost", format!("{memory_kib} {passes} {lanes}"))]
            }
            Self::Age { recipient, wrapped } => vec![
                ("recipient", recipient.as_str().to_owned()),
                ("wrapped", BASE64.encode(wrapped)),
            ],
            Self::Shamir(split) => {
                vec![("shares", format!("{} of {}", split.threshold(), split.count()))]
            }
            Self::Credential { name } => vec![("credential", named(name))],
            Self::Kms { address, mount, key, wrapped } => vec![
                ("address", named(address)),
                ("mount", named(mount)),
                ("key", named(key)),
                ("wrapped", named(wrapped)),
            ],
            Self::Pkcs11 { token, key, wrapped } => vec![
                ("token", named(token)),
                ("key", named(key)),
                ("wrapped", BASE64.encode(wrapped)),
            ],
            Self::Tpm { public, private } => {
                vec![("public", BASE64.encode(public)), ("private", BASE64.encode(private))]
            }
        }
    }

    /// Reads the lines that [`Self::lines`] writes; `None` for lines that are none of them. The
    /// caller compares the spelling.
    pub(super) fn read<'a>(
        kind: Kind,
        mut field: impl FnMut(&str) -> Option<&'a str>,
    ) -> Option<Self> {
        let bytes = |text: &str| {
            let bytes = BASE64.decode(text.as_bytes()).ok()?;
            (1..=WRAPPED_BYTES_MAX).contains(&bytes.len()).then_some(bytes)
        };
        let name = |text: &str| Name::new(text).ok();
        Some(match kind {
            Kind::KeyFile | Kind::Recovery => {
                let none = field("cost")? == "0 0 0";
                none.then_some(if kind == Kind::KeyFile { Self::KeyFile } else { Self::Recovery })?
            }
            Kind::Passphrase => Self::Passphrase(read_cost(field("cost")?)?),
            Kind::Age => Self::Age {
                recipient: field("recipient")?.parse().ok()?,
                wrapped: bytes(field("wrapped")?)?,
            },
            Kind::Shamir => {
                let (threshold, count) = field("shares")?.split_once(" of ")?;
                Self::Shamir(Split::new(threshold.parse().ok()?, count.parse().ok()?).ok()?)
            }
            Kind::Credential => Self::Credential { name: name(field("credential")?)? },
            Kind::Kms => Self::Kms {
                address: name(field("address")?)?,
                mount: name(field("mount")?)?,
                key: name(field("key")?)?,
                wrapped: name(field("wrapped")?)?,
            },
            Kind::Pkcs11 => Self::Pkcs11 {
                token: name(field("token")?)?,
                key: name(field("key")?)?,
                wrapped: bytes(field("wrapped")?)?,
            },
            Kind::Tpm => {
                Self::Tpm { public: bytes(field("public")?)?, private: bytes(field("private")?)? }
            }
        })
    }
}

fn read_cost(text: &str) -> Option<PassphraseCost> {
    let mut numbers = text.split(' ').map(|number| number.parse().ok());
    let [memory_kib, passes, lanes] = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(())?;
    PassphraseCost::read(memory_kib, passes, lanes).ok()
}

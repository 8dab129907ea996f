//! Sealing: the envelope around one value, the key hierarchy above it, the slots that hold the root
//! key, and
//! [`Exposed`], the only form in which a secret exists in clear.
//!
//! Always true
//! 1. An envelope opens only for the instance, realm, kind, record, version and data key it was
//!    sealed for.
//! 2. Nothing is ever tried: an envelope names its key, and a wrong key is told apart from damaged
//!    bytes.
//! 3. Keys and clear values wipe themselves, and cannot be printed, copied, compared or serialised.
//!
//! Never: a database, a network, a key in a file without a slot or a sealed file around it.
//!
//! Sources: HKDF, RFC 5869; AES-GCM, NIST SP 800-38D; Argon2, RFC 9106; C2SP chunked-encryption
//! (Cobblestone-256) for deriving key, nonce and commitment from one salt.

pub mod clock;
pub mod context;
pub mod entropy;
pub mod envelope;
pub mod exposed;
pub mod file;
mod kdf;
pub mod key;
pub mod key_file;
pub mod pair;
pub mod passphrase;
pub mod recovery;
pub mod root;
mod shamir;
pub mod slot;
pub mod stream;

pub use clock::SystemClock;
pub use context::{Context, KeyRealm};
pub use entropy::SystemEntropy;
pub use envelope::{OpenError, SealError};
pub use exposed::Exposed;
pub use file::{FileError, FileLock, open_file, seal_file};
pub use key::{HeapHomes, Key, KeyHome, KeyHomes, KeyId, NoRoom};
pub use pair::SlotPair;
pub use recovery::{RecoveryCode, RecoveryCodeError};
pub use root::{DataKey, RootKey, UnwrapError, WrappingKey};
pub use slot::{Slot, SlotError, SlotSecret};
pub use stream::{Recipient, StreamContext, StreamError, StreamOpener, StreamSealer};

//! The closed list of settings: the contents page of `casemate.toml`.

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A path. Relative paths count from the working folder.
    Path,
    /// A whole number.
    Number,
    /// `address:port`.
    Address,
    /// Words, separated by commas in the environment.
    Words,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// `section.key`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Its default, as text; empty when there is none.
    pub default: &'static str,
    /// What it is for, in one sentence.
    pub about: &'static str,
}

impl Kind {
    /// What a value of this kind is, for a message.
    #[must_use]
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Path => "a path",
            Self::Number => "a whole number",
            Self::Address => "an address with a port, such as 127.0.0.1:8443",
            Self::Words => "a list of words",
        }
    }
}

macro_rules! keys {
    ($($name:literal $kind:ident = $default:literal, $about:literal;)*) => {
        /// Every setting, section by section.
        pub const KEYS: &[Key] = &[
            $(Key { name: $name, kind: Kind::$kind, default: $default, about: $about },)*
        ];
    };
}

keys! {
    "data.folder" Path = "", "Where the data lies; also CASEMATE_DATA.";
    "api.listen" Address = "127.0.0.1:8443",
        "Where the API listens, over TLS. Port 0 takes a free one.";
    "api.health" Address = "127.0.0.1:9443",
        "Where health and metrics listen: loopback only, no TLS.";
    "api.url" Text = "", "The address clients use, when it is not the one listened on.";
    "database.engine" Text = "sqlite", "sqlite or postgres.";
    "database.runtime_url_file" Path = "",
        "File with the address of the role that reads tenants' rows.";
    "database.platform_url_file" Path = "",
        "File with the address of the role of the platform's tables.";
    "database.root_certificate_file" Path = "",
        "PEM certificates that PostgreSQL's TLS is verified with.";
    "database.connections_max" Number = "16",
        "Most connections to PostgreSQL from this process, per role.";
    "broker.socket" Path = "", "The broker's socket; default run/broker.sock in the data folder.";
    "broker.key_store" Path = "",
        "The broker's key store, which serve must not reach; default broker/.";
    "broker.slots" Path = "",
        "The unseal slots, which serve must not reach; default slots/ beside this file.";
    "broker.passphrase_file" Path = "",
        "File with a passphrase that opens the keys at a start, in place of the key file.";
    "broker.age_identity_file" Path = "", "File with the age identity that opens an age slot.";
    "broker.shares_file" Path = "",
        "File with the shares of a shamir slot, one a line; put there for a start, taken away after.";
    "broker.credentials_folder" Path = "",
        "Folder of system credentials; default $CREDENTIALS_DIRECTORY.";
    "broker.kms_token_file" Path = "", "File with the token for the key service of a kms slot.";
    "broker.kms_root_certificate_file" Path = "",
        "PEM certificates that the key service's TLS is verified with, besides the public ones.";
    "broker.pkcs11_module" Path = "", "The PKCS#11 library of a pkcs11 slot's token.";
    "broker.pkcs11_pin_file" Path = "", "File with the PIN of that token.";
    "broker.pkcs11_environment" Words = "",
        "Variables that the PKCS#11 library is told, as NAME=VALUE.";
    "broker.tpm" Text = "device:/dev/tpmrm0", "How the TPM of a tpm slot is reached, as TSS says it.";
    "limits.connections_max" Number = "1024", "Most connections open at once.";
    "limits.anonymous_per_minute" Number = "120",
        "Requests a network may send without a credential.";
    "limits.caller_per_minute" Number = "1200", "Requests a person or key may send.";
    "limits.network_per_minute" Number = "6000", "Requests a network may send in all.";
    "mail.host" Text = "",
        "The mail server that messages to people leave by; without it they wait.";
    "mail.port" Number = "587", "Its port.";
    "mail.tls" Text = "starttls",
        "starttls, implicit (port 465), or none for a server on this machine.";
    "mail.user" Text = "", "The name to sign in with at the mail server, if it wants one.";
    "mail.password_file" Path = "", "File with the password that belongs to mail.user.";
    "mail.root_certificate_file" Path = "",
        "PEM certificates to trust for the mail server, besides the public ones.";
    "mail.from" Text = "", "The address that messages come from.";
    "passwords.breached_file" Path = "",
        "Sorted SHA-1 or SHA-256 hashes of leaked passwords that nobody may choose.";
    "places.country_file" Path = "",
        "MaxMind database of countries or cities, to judge sign-ins by.";
    "security.contact" Text = "", "Where weaknesses are reported, as mailto: or https: (RFC 9116).";
    "security.contact_until" Text = "",
        "Until when the contact holds, as 2027-01-31T00:00:00Z (RFC 9116).";
    "sso.google_client_id" Text = "", "What Google calls this platform; empty: no Google.";
    "sso.google_client_secret_file" Path = "", "File with the secret that Google gave out.";
    "sso.microsoft_client_id" Text = "", "What Microsoft calls this platform; empty: no Microsoft.";
    "sso.microsoft_client_secret_file" Path = "", "File with the secret that Microsoft gave out.";
    "sso.microsoft_tenants" Words = "", "Microsoft tenants (ids) whose people may come.";
    "sso.github_client_id" Text = "", "What GitHub calls this platform; empty: no GitHub.";
    "sso.github_client_secret_file" Path = "", "File with the secret that GitHub gave out.";
    "staff.attestation_roots_file" Path = "",
        "PEM roots of vendors that sign for passkeys in hardware; without it no staff acts.";
    "staff.authenticator_models" Words = "",
        "Models (AAGUIDs) that staff may use; empty: all that the roots sign for.";
    "outbound.allow" Words = "",
        "Addresses that are not public and may be called all the same: host:port, or networks.";
    "outbound.root_certificate_file" Path = "",
        "PEM certificates trusted for calls outward, beside the well-known ones.";
    "witnesses.ask" Words = "",
        "Who cosigns the log of checkpoints: each an address and a key, with a space between.";
    "witnesses.quorum" Number = "0",
        "How many of them are enough; 0: more than half of them.";
    "witnesses.publish_seconds" Number = "300",
        "A log's checkpoint is published at most this often.";
    "backup.folder" Path = "", "Folder for backups of the data; best another machine's.";
    "backup.keys_folder" Path = "",
        "Folder for backups of the keys, apart from the data's, with access of its own.";
    "backup.second_folder" Path = "", "A second folder for the data, at another site.";
    "backup.second_keys_folder" Path = "", "A second folder for the keys, at another site.";
    "backup.every_hours" Number = "24", "Hours from one backup to the next; 0: by hand only.";
    "backup.drill_days" Number = "7",
        "Days from one rehearsed restore to the next; 0: by hand only.";
    "backup.keep_count" Number = "7", "Backups of the data that are kept whatever their age.";
    "backup.keep_days" Number = "30", "Days for which a backup of the data is kept.";
    "backup.keep_keys_days" Number = "14",
        "Days for which a backup of the keys is kept; never more than the data's.";
    "backup.postgres_url_file" Path = "",
        "File with the address of PostgreSQL's backup role (backup.url).";
    "retention.security_log_days" Number = "90",
        "For how many days security logs are kept: 90 or more.";
    "roles.run" Words = "api,worker", "Which parts run in this process: api, worker.";
}

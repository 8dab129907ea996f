//! Schemas of the domain's own texts, so that each rule stands once in the OpenAPI document.
//!
//! A field says `#[schema(value_type = shapes::NameText)]`; its Rust type checks the same rule when
//! it is read.

use domain::authz::{Act, Role};
use domain::limits;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident as $shown:literal = $object:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let object: ObjectBuilder = $object;
                RefOr::T(Schema::Object(object.build()))
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed($shown)
            }
        }
    )*};
}

texts! {
    /// A UUID in its one text form.
    IdText as "Id" = text("An id: a UUID in lower case.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .pattern(Some("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"))
        .examples([json!("01890a5d-ac96-774b-bcce-b302099a8057")]);
    /// [`domain::Name`].
    NameText as "Name" = text("Small letters, digits and hyphens; a letter first, no hyphen last.")
        .pattern(Some("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"))
        .min_length(Some(1))
        .max_length(Some(limits::NAME_CHARS_MAX))
        .examples([json!("shop")]);
    /// [`domain::EmailAddress`].
    EmailText as "EmailAddress" = text("An e-mail address, ASCII.")
        .pattern(Some("^[A-Za-z0-9][A-Za-z0-9_+-]{0,62}@[A-Za-z0-9]{1,60}\\.[A-Za-z]{2,20}$"))
        .max_length(Some(limits::EMAIL_CHARS_MAX))
        .examples([json!("ada@example.com")]);
    /// [`domain::VariableName`].
    VariableText as "VariableName" = text("The name of a secret: that of an environment variable.")
        .pattern(Some("^[A-Za-z_][A-Za-z0-9_]*$"))
        .min_length(Some(1))
        .max_length(Some(limits::VARIABLE_NAME_CHARS_MAX))
        .examples([json!("DATABASE_URL")]);
    /// [`domain::Reason`].
    ReasonText as "Reason" = text("Why, on one line, not only spaces.")
        .pattern(Some("^[A-Za-z0-9]([ -~]*)$"))
        .min_length(Some(1))
        .max_length(Some(limits::REASON_CHARS_MAX))
        .examples([json!("checking what the provider has")]);
    /// [`domain::PasskeyName`].
    PasskeyNameText as "PasskeyName" = text("What a passkey is called, on one line.")
        .pattern(Some("^[A-Za-z0-9][ -~]*$"))
        .min_length(Some(1))
        .max_length(Some(limits::PASSKEY_NAME_CHARS_MAX))
        .examples([json!("phone")]);
    /// [`domain::ProgramName`].
    ProgramText as "ProgramName" = text("The program, as the person names it, on one line.")
        .pattern(Some("^[A-Za-z0-9./][ -~]*$"))
        .min_length(Some(1))
        .max_length(Some(limits::PROGRAM_CHARS_MAX))
        .examples([json!("./manage.py")]);
    /// [`domain::ClientLabel`].
    ClientLabelText as "ClientLabel" = text("What a client says about itself, on one line.")
        .pattern(Some("^[A-Za-z0-9]([ -~]*)$"))
        .min_length(Some(1))
        .max_length(Some(limits::CLIENT_LABEL_CHARS_MAX))
        .examples([json!("build-7")]);
    /// A SHA-256 hash in base64url.
    DigestText as "Digest" = text("A SHA-256 hash in base64url without padding.")
        .pattern(Some("^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"))
        .examples([json!("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")]);
    /// [`domain::DomainName`].
    DomainText as "DomainName" = text("An e-mail domain, ASCII.")
        .pattern(Some("^[A-Za-z0-9]{1,60}(\\.[A-Za-z0-9]{1,60}){1,3}$"))
        .max_length(Some(253))
        .examples([json!("acme.example")]);
    /// [`domain::Issuer`].
    IssuerText as "Issuer" = text("The address of an OpenID provider, as its tokens spell it.")
        .pattern(Some("^https://[a-z0-9]{1,60}(\\.[a-z0-9]{1,60}){1,3}(/[a-z0-9]{1,60})?$"))
        .max_length(Some(limits::ISSUER_CHARS_MAX))
        .examples([json!("https://login.acme.example")]);
    /// [`domain::sign_in::ProviderRef`].
    ProviderText as "ProviderName" = text(
        "google, microsoft, github, or the id of one of the workspace's own providers.",
    )
        .pattern(Some("^(google|microsoft|github)$"))
        .examples([json!("github")]);
    /// A value of a provider's claim.
    ClaimText as "ClaimValue" = text("A value of amr or acr.")
        .pattern(Some("^[!-~]{1,128}$"))
        .examples([json!("mfa")]);
    /// A text that may be a leaked key.
    KeyReportText as "KeyReport" = text("A text that may be an API key.")
        .max_length(Some(limits::KEY_REPORT_CHARS_MAX))
        .examples([json!("cm_live_example")]);
    /// A password as typed.
    PasswordText as "Password" = text("A password.")
        .min_length(Some(limits::PASSWORD_CHARS_MIN))
        .max_length(Some(limits::PASSWORD_CHARS_MAX))
        .examples([json!("correct horse battery staple")]);
    /// A TOTP code as typed.
    TotpText as "TotpCode" = text("Six digits of an authenticator.")
        .pattern(Some("^[0-9]{6}$"))
        .examples([json!("123456")]);
    /// A moment.
    TimeMsNumber as "TimeMs" = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some("A moment: milliseconds since 1970, UTC."))
        .examples([json!(1_790_000_000_000_i64)]);
    /// [`Role`].
    RoleText as "Role" = text("A member's rank, lowest first.")
        .enum_values(Some(Role::ALL.map(Role::as_str)))
        .examples([json!("operator")]);
    /// [`Act`].
    ActText as "Act" = text("One thing a member may or may not do.")
        .enum_values(Some(Act::ALL.iter().map(|act| act.as_str())))
        .examples([json!("secret.list")]);
    /// [`domain::authz::Effect`].
    EffectText as "Effect" = text("What an override does.")
        .enum_values(Some(["grant", "deny"]))
        .examples([json!("deny")]);
    /// [`domain::Network`].
    NetworkText as "Network" = text("A network: an address, a slash and a length, no bit past it.")
        .pattern(Some("^([0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}|[0-9a-f:.]{2,45}/[0-9]{1,3})$"))
        .max_length(Some(49))
        .examples([json!("10.0.0.0/8")]);
    /// Bytes in base64.
    Base64Text as "Base64" = text("Bytes in base64 with padding (RFC 4648 section 4).")
        .pattern(Some("^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"))
        .max_length(Some(limits::SECRET_BYTES_MAX.div_ceil(3) * 4))
        .examples([json!("aHVudGVyMg==")]);
    /// 32 bytes in hexadecimal.
    HashText as "Hash" = text("A SHA-256 hash in hexadecimal.")
        .pattern(Some("^[0-9a-f]{64}$"))
        .examples([json!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]);
    /// Where the next page starts.
    CursorText as "Cursor" = text("Where the next page starts: taken from the page before.")
        .pattern(Some("^[A-Za-z0-9_-]{1,64}$"))
        .examples([json!("AYkKXayWd0u8zrMCCZqAVw")]);
}

fn text(about: &str) -> ObjectBuilder {
    let object: ObjectBuilder = Object::builder();
    object.schema_type(Type::String).description(Some(about))
}

/// A page of items and where the next one starts.
macro_rules! listing {
    ($name:ident of $item:ty) => {
        /// One page.
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub struct $name {
            /// The items.
            #[schema(max_items = 1000)]
            pub items: Vec<$item>,
            /// Where the next page starts; absent on the last one.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<$crate::shapes::CursorText>)]
            pub next_cursor: Option<String>,
        }
    };
}
pub(crate) use listing;

/// A secret text of a request: wiped when dropped, never printed.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, for whoever takes it over.
    #[must_use]
    pub fn into_text(mut self) -> String {
        std::mem::take(&mut self.0)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

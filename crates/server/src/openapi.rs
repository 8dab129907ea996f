//! The OpenAPI 3.1 document, read off the handlers' signatures.
//!
//! Always true
//! 1. A response's status and schema come from the handler's return type ([`crate::reply::Reply`]
//!    and [`crate::problem::Refused`]); what every operation of a kind can answer is added in
//!    [`complete`].
//! 2. Each response lists the problem codes it can carry in `x-casemate-codes`; the tests' harness
//!    fails on an answer whose status or code is not listed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::extensions::{Extensions, ExtensionsBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder,
    OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder, Type,
};

use crate::problem::{Code, ProblemBody};

/// Where a response keeps the definitions of its body until [`complete`] moves them to the
/// components.
const DEFINITIONS: &str = "x-definitions";
/// The problem codes a response can carry.
pub const CODES: &str = "x-casemate-codes";

/// A reference to the schema of `T`.
pub(crate) fn reference<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

/// The schema of `T` and of everything in it, by name.
pub(crate) fn definitions<T: ToSchema>() -> Extensions {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    let named: serde_json::Map<String, Value> =
        schemas.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    ExtensionsBuilder::new().add(DEFINITIONS, Value::Object(named)).build()
}

/// One response per status of these codes.
pub(crate) fn describe_codes(
    codes: impl IntoIterator<Item = Code>,
) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<String, BTreeSet<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status().as_str().to_owned()).or_default().insert(code);
    }
    by_status.into_iter().map(|(status, codes)| (status, described(&codes).into())).collect()
}

fn described(codes: &BTreeSet<Code>) -> Response {
    let texts: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let titles: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
    let content = ContentBuilder::new().schema(Some(reference::<ProblemBody>())).build();
    ResponseBuilder::new()
        .description(titles.join(" "))
        .content("application/problem+json", content)
        .extensions(Some(ExtensionsBuilder::new().add(CODES, json!(texts)).build()))
        .build()
}

/// The document without its paths.
pub(crate) fn skeleton() -> OpenApi {
    let bearer = |about: &str, format: &str| {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
        SecurityScheme::Http(scheme.description(Some(about)).build())
    };
    let session = "An access token of a signed-in session: five minutes, bound to one workspace.";
    let key = "An API key; it never does more than its scopes, nor more than whoever made it.";
    let mut schemas =
        vec![(ProblemBody::name().into_owned(), <ProblemBody as utoipa::PartialSchema>::schema())];
    ProblemBody::schemas(&mut schemas);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Casemate")
                .version("1")
                .description(Some(ABOUT))
                .license(Some(
                    LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
                ))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("session", bearer(session, "JWT"))
                .security_scheme("key", bearer(key, "cm_<env>_<keyid>_<secret><crc>"))
                .schemas_from_iter(schemas)
                .build(),
        ))
        .build()
}

const ABOUT: &str = "Sealed secrets, teams whose ranks cannot be climbed, and a log that proves \
itself. What the caller may not see is answered with 404, what they may see but not do with 403. \
Refusals are RFC 9457 problems with a stable code and the id of the request.";

/// Adds to every operation what operations of its kind share, and moves definitions to the
/// components.
pub(crate) fn complete(mut api: OpenApi) -> OpenApi {
    let mut found = BTreeMap::new();
    for item in api.paths.paths.values_mut() {
        let verbs = [
            (&mut item.get, Verb::Reads),
            (&mut item.post, Verb::Writes),
            (&mut item.put, Verb::Writes),
            (&mut item.patch, Verb::Writes),
            (&mut item.delete, Verb::Writes),
        ];
        for (operation, verb) in verbs {
            if let Some(operation) = operation.as_mut() {
                add_shared_answers(operation);
                lift_definitions(operation, &mut found);
                if matches!(verb, Verb::Writes) {
                    add_codes(operation, vec![Code::AuthCrossSite]);
                    add_receipt_header(operation);
                }
            }
        }
    }
    if let Some(components) = api.components.as_mut() {
        components.schemas.extend(found);
    }
    api
}

enum Verb {
    Reads,
    Writes,
}

fn lift_definitions(operation: &mut Operation, found: &mut BTreeMap<String, RefOr<Schema>>) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let Some(extensions) = response.extensions.as_mut() else { continue };
        if let Some(Value::Object(named)) = extensions.remove(DEFINITIONS) {
            let schemas = named.into_iter().filter_map(|(name, schema)| {
                serde_json::from_value(schema).ok().map(|schema| (name, schema))
            });
            found.extend(schemas);
        }
        if extensions.is_empty() {
            response.extensions = None;
        }
    }
}

/// What any operation with a body, a path, a credential or a precondition can answer.
fn add_shared_answers(operation: &mut Operation) {
    let mut codes = vec![
        Code::RateLimited,
        Code::TimedOut,
        Code::StorageUnavailable,
        Code::StorageFull,
        Code::Internal,
    ];
    let parameters: Vec<Value> =
        operation.parameters.iter().flatten().map(|parameter| json!(parameter)).collect();
    let named = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
    let located = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    if operation.security.as_ref().is_some_and(|list| !list.is_empty()) {
        codes.extend([Code::AuthMissing, Code::AuthInvalid, Code::AuthExpired, Code::AuthRevoked]);
        codes.extend([Code::AuthProofNeeded, Code::AuthProofInvalid, Code::AuthBusy]);
        codes.extend([Code::PersonNeeded, Code::WorkspaceNotChosen, Code::SealingUnavailable]);
    }
    if located("path") {
        codes.push(Code::NotFound);
    }
    if located("query") {
        codes.push(Code::InputInvalid);
    }
    if operation.request_body.is_some() {
        codes.extend([Code::InputMalformed, Code::InputTooDeep, Code::InputTooLarge]);
        codes.extend([Code::InputMediaType, Code::InputInvalid]);
    }
    if named("idempotency-key") {
        codes.extend([Code::IdempotencyReused, Code::IdempotencyRunning, Code::InputInvalid]);
    }
    if named("if-match") {
        codes.extend([Code::ConflictVersion, Code::InputInvalid]);
    }
    add_codes(operation, codes);
}

fn add_codes(operation: &mut Operation, codes: Vec<Code>) {
    let own = operation.responses.responses.values().flat_map(listed_codes);
    let all: Vec<Code> = own.chain(codes).collect();
    operation.responses.responses.extend(describe_codes(all));
}

fn listed_codes(response: &RefOr<Response>) -> Vec<Code> {
    let RefOr::T(response) = response else { return Vec::new() };
    let listed = response.extensions.as_ref().and_then(|extensions| extensions.get(CODES));
    let texts = listed.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| Code::ALL.iter().copied().find(|code| code.as_str() == text)).collect()
}

fn add_receipt_header(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            let header = HeaderBuilder::new()
                .description(Some(
                    "Signed promises that the entries of this answer will be in the log.",
                ))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
                .build();
            response.headers.insert(crate::reply::RECEIPT.to_string(), header.into());
        }
    }
}

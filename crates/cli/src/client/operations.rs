//! Every operation of the API that this client uses, by name.
//!
//! Always true: a call is made from one of these, so the contract test, which reads this list
//! beside `openapi.json`, sees everything the client can ask for.

/// One operation: a method and a path with `{}` where an id goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation {
    /// The HTTP method.
    pub(crate) method: &'static str,
    /// The path; `{name}` stands for one id.
    pub(crate) path: &'static str,
    /// What a second try of the same request would do.
    pub(crate) repeat: Repeat,
}

/// What a second try of the same request would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The same as the first: reading, or removing.
    Harmless,
    /// The same as the first, because the call carries an idempotency key.
    Keyed,
    /// Something else: a code is spent, or an act is done twice. Never retried.
    Never,
}

macro_rules! operations {
    ($($name:ident = $method:literal $path:literal $repeat:ident;)*) => {
        $(pub(crate) const $name: Operation =
            Operation { method: $method, path: $path, repeat: Repeat::$repeat };)*

        /// Every operation.
        #[cfg(test)]
        pub(crate) const ALL: &[Operation] = &[$($name,)*];
    };
}

operations! {
    ENROL = "POST" "/v1/enrolments" Never;
    ENROL_CONFIRM = "POST" "/v1/enrolments/{enrolment}/confirm" Never;

    SIGN_IN = "POST" "/v1/sessions" Never;
    AUTHORIZATION_REDEEM = "POST" "/v1/authorizations/redeem" Never;
    DEVICE_GRANT = "POST" "/v1/device_grants" Never;
    DEVICE_GRANT_REDEEM = "POST" "/v1/device_grants/redeem" Never;
    REFRESH = "POST" "/v1/sessions/refresh" Never;
    SESSIONS = "GET" "/v1/sessions" Harmless;
    SESSION_REVOKE = "DELETE" "/v1/sessions/{session}" Harmless;
    SESSIONS_REVOKE_OTHERS = "DELETE" "/v1/sessions" Harmless;
    SESSIONS_REVOKE_ALL = "POST" "/v1/sessions/revoke-all" Harmless;
    ACCOUNT_LOG = "GET" "/v1/account/security-log" Harmless;
    STEP_UP = "POST" "/v1/sessions/current/step-up" Never;
    ENTER_WORKSPACE = "POST" "/v1/sessions/current/workspace" Never;
    PASSKEYS = "GET" "/v1/account/passkeys" Harmless;
    PASSKEY_REMOVE = "DELETE" "/v1/account/passkeys/{passkey}" Harmless;
    WHOAMI = "GET" "/v1/whoami" Harmless;

    ACCOUNT_PASSWORD = "POST" "/v1/account/password" Never;
    ACCOUNT_BACKUP_CODES = "POST" "/v1/account/backup_codes" Keyed;
    ACCOUNT_TOTP = "POST" "/v1/account/totp" Never;
    ACCOUNT_TOTP_CONFIRM = "POST" "/v1/account/totp/confirm" Never;
    ACCOUNT_RECOVERIES = "GET" "/v1/account/recoveries" Harmless;
    RECOVERY_CANCEL = "POST" "/v1/account/recoveries/{recovery}/cancel" Never;

    RESET = "POST" "/v1/password_resets" Never;
    RESET_COMPLETE = "POST" "/v1/password_resets/{reset}/complete" Never;
    RECOVERY = "POST" "/v1/recoveries" Never;
    RECOVERY_START = "POST" "/v1/recoveries/{recovery}/start" Never;
    RECOVERY_COMPLETE = "POST" "/v1/recoveries/{recovery}/complete" Never;
    RECOVERIES = "GET" "/v1/teams/{team}/recoveries" Harmless;
    RECOVERY_APPROVE = "POST" "/v1/teams/{team}/recoveries/{recovery}/approve" Never;

    WORKSPACES = "GET" "/v1/workspaces" Harmless;
    WORKSPACE_CREATE = "POST" "/v1/workspaces" Keyed;
    WORKSPACE_UPDATE = "PATCH" "/v1/workspaces/{workspace}" Never;
    WORKSPACE_GET = "GET" "/v1/workspaces/{workspace}" Harmless;
    WORKSPACE_DELETE = "DELETE" "/v1/workspaces/{workspace}" Harmless;
    WORKSPACE_TRANSFER = "POST" "/v1/teams/{team}/transfer" Never;

    IDENTITIES = "GET" "/v1/account/identities" Harmless;
    IDENTITY_UNLINK = "POST" "/v1/account/identities/unlink" Never;
    SIGN_IN_POLICY = "GET" "/v1/teams/{team}/sign_in_policy" Harmless;
    SIGN_IN_POLICY_SET = "PUT" "/v1/teams/{team}/sign_in_policy" Never;
    PROVIDERS = "GET" "/v1/teams/{team}/providers" Harmless;
    PROVIDER_ADD = "POST" "/v1/teams/{team}/providers" Never;
    PROVIDER_CHANGE = "PUT" "/v1/teams/{team}/providers/{provider}" Never;
    PROVIDER_REMOVE = "DELETE" "/v1/teams/{team}/providers/{provider}" Harmless;
    SEALING_KEYS = "GET" "/v1/teams/{team}/sealing_keys" Harmless;
    SEALING_KEYS_ROTATE = "POST" "/v1/teams/{team}/sealing_keys/rotations" Never;
    SEALING_KEYS_SCHEDULE = "PUT" "/v1/teams/{team}/sealing_keys/schedule" Harmless;
    SEALING_KEYS_ACCESSES = "GET" "/v1/teams/{team}/sealing_keys/accesses" Harmless;
    DOMAINS = "GET" "/v1/teams/{team}/domains" Harmless;
    DOMAIN_CLAIM = "POST" "/v1/teams/{team}/domains" Never;
    DOMAIN_PROVE = "POST" "/v1/teams/{team}/domains/{domain}/prove" Never;
    DOMAIN_REMOVE = "DELETE" "/v1/teams/{team}/domains/{domain}" Harmless;

    MEMBERS = "GET" "/v1/teams/{team}/members" Harmless;
    MEMBER_INVITE = "POST" "/v1/teams/{team}/members" Keyed;
    MEMBER_CHANGE = "PATCH" "/v1/teams/{team}/members/{user}" Never;
    MEMBER_REMOVE = "DELETE" "/v1/teams/{team}/members/{user}" Harmless;

    INVITATIONS = "GET" "/v1/teams/{team}/invitations" Harmless;
    INVITATION_REVOKE = "DELETE" "/v1/teams/{team}/invitations/{invitation}" Harmless;
    INVITATION_ACCEPT = "POST" "/v1/invitations/{invitation}/accept" Never;

    PROJECTS = "GET" "/v1/projects" Harmless;
    PROJECT_CREATE = "POST" "/v1/projects" Keyed;
    PROJECT_INVITE = "POST" "/v1/projects/{project}/members" Keyed;
    PROJECT_UNINVITE = "DELETE" "/v1/projects/{project}/members/{user}" Harmless;

    ENVIRONMENTS = "GET" "/v1/projects/{project}/environments" Harmless;
    ENVIRONMENT_CREATE = "POST" "/v1/projects/{project}/environments" Keyed;

    SECRETS = "GET" "/v1/projects/{project}/environments/{environment}/secrets" Harmless;
    SECRET_SET = "POST" "/v1/projects/{project}/environments/{environment}/secrets" Keyed;
    SECRET_DELETE = "DELETE"
        "/v1/projects/{project}/environments/{environment}/secrets/{name}" Harmless;
    SECRET_ROTATE = "POST"
        "/v1/projects/{project}/environments/{environment}/secrets/{name}/versions" Keyed;
    SECRET_REVEAL = "POST"
        "/v1/projects/{project}/environments/{environment}/secrets/{name}/reveal" Never;
    LOCAL_USE = "POST" "/v1/projects/{project}/environments/{environment}/local-use" Never;

    KEYS = "GET" "/v1/keys" Harmless;
    KEY_CREATE = "POST" "/v1/keys" Keyed;
    KEY_ROTATE = "POST" "/v1/keys/{key}/rotate" Keyed;
    KEY_REPORT = "POST" "/v1/key-reports" Harmless;
    KEY_REVOKE = "DELETE" "/v1/keys/{key}" Harmless;

    AUDIT_ENTRIES = "GET" "/v1/audit/entries" Harmless;
    AUDIT_SEARCH = "GET" "/v1/audit/search" Harmless;
    AUDIT_ENTRY = "GET" "/v1/audit/entries/{index}" Harmless;
    AUDIT_CHECKPOINT = "GET" "/v1/audit/checkpoint" Harmless;
    AUDIT_EXPORT = "GET" "/v1/audit/export" Harmless;
    AUDIT_OPENINGS = "GET" "/v1/audit/openings" Harmless;
    AUDIT_STREAMS = "GET" "/v1/teams/{team}/audit_streams" Harmless;
    AUDIT_STREAM = "GET" "/v1/teams/{team}/audit_streams/{stream}" Harmless;
    AUDIT_STREAM_CREATE = "POST" "/v1/teams/{team}/audit_streams" Keyed;
    AUDIT_STREAM_REMOVE = "DELETE" "/v1/teams/{team}/audit_streams/{stream}" Harmless;
    AUDIT_STREAM_PAUSE = "POST" "/v1/teams/{team}/audit_streams/{stream}/pause" Never;
    AUDIT_STREAM_RESUME = "POST" "/v1/teams/{team}/audit_streams/{stream}/resume" Never;
    AUDIT_STREAM_ROTATE = "POST" "/v1/teams/{team}/audit_streams/{stream}/rotate" Keyed;
    AUDIT_STREAM_TEST = "POST" "/v1/teams/{team}/audit_streams/{stream}/test" Never;
    AUDIT_KEY = "GET" "/v1/audit/key" Harmless;
    HOLDS = "GET" "/v1/teams/{team}/holds" Harmless;
    HOLD_PLACE = "POST" "/v1/teams/{team}/holds" Never;
    HOLD_LIFT = "POST" "/v1/teams/{team}/holds/{hold}/lift" Never;
    BREAK_GLASS_ASK = "POST" "/v1/staff/break_glass" Never;
    BREAK_GLASS_LIST = "GET" "/v1/staff/break_glass" Harmless;
    BREAK_GLASS_APPROVE = "POST" "/v1/staff/break_glass/{glass}/approve" Harmless;
    BREAK_GLASS_END = "POST" "/v1/staff/break_glass/{glass}/end" Harmless;
    BREAK_GLASS_REVEAL = "POST" "/v1/staff/break_glass/{glass}/reveal" Never;
    BREAK_GLASS_LIST_OF_TEAM = "GET" "/v1/teams/{team}/break_glass" Harmless;
    BREAK_GLASS_END_OF_TEAM = "POST" "/v1/teams/{team}/break_glass/{glass}/end" Harmless;
    STAFF_LOG = "GET" "/v1/staff/log" Harmless;
}

/// The log of checkpoints. Its addresses are those of C2SP tlog-tiles, outside the versioned API;
/// a tile's is put together by the caller.
pub(crate) const PUBLIC_LOG: Operation =
    Operation { method: "GET", path: "/log/checkpoint", repeat: Repeat::Harmless };

//! `docs/sign-in.md` says what is in force.

use domain::limits;
use identity::throttle::{ACCOUNT_DELAY_MS_MAX, NETWORK_DELAY_MS_MAX, PAIR_DELAY_MS_MAX, QUIET_MS};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

#[test]
fn the_page_about_sign_in_says_the_numbers_in_force() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sign-in.md");
    let text = std::fs::read_to_string(path).unwrap();
    let page = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let within_s = limits::REVOCATION_VIEW_AGE_MS_MAX / 1_000;
    for said in [
        format!("At least {} characters", limits::PASSWORD_CHARS_MIN),
        format!("at most {},", limits::PASSWORD_CHARS_MAX),
        format!("at most {} seconds for an account", ACCOUNT_DELAY_MS_MAX / SECOND),
        format!("{} seconds for a network", NETWORK_DELAY_MS_MAX / SECOND),
        format!("{} minutes for one network at one account", PAIR_DELAY_MS_MAX / MINUTE),
        format!("forgotten after {} minutes", QUIET_MS / MINUTE),
        format!("{} wrong codes end", limits::WRONG_CODES_MAX),
        format!("step of {} seconds", limits::TOTP_STEP_S),
        format!("fresh for {} minutes", limits::FACTOR_FRESH_MS / MINUTE),
        format!("Invitations live {} days", limits::INVITATION_MS / DAY),
        format!("link {} hours", limits::BOOTSTRAP_MS / HOUR),
        format!("first code {} minutes", limits::ENROLMENT_MS / MINUTE),
        format!("access token lives {} minutes", limits::ACCESS_TOKEN_MS / MINUTE),
        format!("not refreshed {} days", limits::SESSION_IDLE_MS_MAX / DAY),
        format!("any session {} days", limits::SESSION_LIFE_MS_MAX / DAY),
        format!("every {} milliseconds", limits::REVOCATION_POLL_MS),
        format!("for {within_s} seconds refuses everybody"),
        format!("at most {} sessions", limits::SESSIONS_PER_USER_MAX),
        format!("successor for {} seconds", limits::REFRESH_GRACE_MS / SECOND),
    ] {
        assert!(page.contains(&said), "docs/sign-in.md does not say: {said}");
    }
    for heading in ["Ways in", "Passwords", "Guessing", "Codes", "Sessions", "Rights"] {
        assert!(text.contains(&format!("\n## {heading}\n")), "{heading}");
    }
}

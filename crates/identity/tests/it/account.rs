//! What somebody changes about their own sign-in: always with a fresh factor, and the session moves
//! on with it.

use broker::TotpCode;
use domain::limits;
use futures_util::future::join_all;
use identity::account::{
    ChangeError, ChangePassword, Changed, OtherSessions, change_password, confirm_totp,
    replace_backup_codes, start_totp,
};
use identity::authenticate;
use identity::passwords::{Password, PasswordRefused};
use identity::sessions::{Factor, SessionTokens, SignIn, SignInError, sign_in};
use ledger::Verb;
use store::{Committed, NoticeKind, Page};

use crate::house::{House, PASSWORD, Person, code_of, each_engine, seed_of};

const NEW: &str = "granite umbrella tin";

fn typed(text: &str) -> Password {
    Password::typed(text.to_owned()).unwrap()
}

async fn changes(
    house: &House,
    whom: &Person,
    tokens: &SessionTokens,
    old: &str,
    others: OtherSessions,
) -> Result<Committed<Changed>, ChangeError> {
    let presented = ChangePassword { old: typed(old), new: typed(NEW), others };
    change_password(&house.identity, &whom.account(tokens), presented).await
}

async fn works(house: &House, tokens: &SessionTokens) -> bool {
    authenticate(&house.identity, tokens.access_token.show(), house.origin()).await.is_ok()
}

async fn enters(house: &House, whom: &Person, password: &str) -> Result<(), SignInError> {
    house.advance(30_000);
    let factor = Factor::totp(&whom.code(house)).unwrap();
    let presented = SignIn { password: typed(password), ..whom.presents(factor) };
    sign_in(&house.identity, house.origin(), presented).await.map(drop)
}

async fn told(house: &House, whom: &Person) -> Vec<NoticeKind> {
    let user = whom.user;
    let listing =
        house.store.platform_read(move |tx| tx.outbox().list(user, Page::first(50))).await;
    listing.unwrap().items.iter().map(|one| one.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_changes_and_the_session_moves_to_new_tokens() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (other, own) = (ada.signs_in(house).await, ada.signs_in(house).await);
        let done = changes(house, ada, &own, PASSWORD, OtherSessions::End).await.unwrap();
        assert_eq!((done.entries.len(), &done.value.ended), (1, &vec![other.session]));
        assert_eq!(done.value.tokens.session, own.session);
        assert!(done.value.tokens.device_token.is_none(), "only a sign-in names its device");
        house.refused_after(&own).await;
        house.refused_after(&other).await;
        assert!(works(house, &done.value.tokens).await);
        assert_eq!(enters(house, ada, PASSWORD).await, Err(SignInError::Wrong));
        assert_eq!(enters(house, ada, NEW).await, Ok(()));
        assert_eq!(told(house, ada).await, [NoticeKind::PasswordChanged]);
        assert_eq!(house.platform_log(Verb::PasswordChanged).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sessions_go_on_when_the_person_wants_it_so() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (other, own) = (ada.signs_in(house).await, ada.signs_in(house).await);
        let done = changes(house, ada, &own, PASSWORD, OtherSessions::Keep).await.unwrap();
        assert!(done.value.ended.is_empty());
        assert!(works(house, &other).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fresh_factor_nothing_changes() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let account = ada.account(&tokens);
        let waiting = start_totp(&house.identity, &account).await.unwrap();
        house.advance(limits::FACTOR_FRESH_MS + 1);
        let stale = ChangeError::FactorNotFresh;
        let refused = changes(house, ada, &tokens, PASSWORD, OtherSessions::Keep).await;
        assert_eq!(refused.unwrap_err(), stale);
        let refused = replace_backup_codes(&house.identity, &account, OtherSessions::Keep).await;
        assert_eq!(refused.unwrap_err(), stale);
        assert_eq!(start_totp(&house.identity, &account).await.unwrap_err(), stale);
        let code = code_of(&seed_of(waiting.totp_uri.show()), house.now().0 / 1_000);
        let code = TotpCode::parse(&code).unwrap();
        let refused = confirm_totp(&house.identity, &account, code, OtherSessions::Keep).await;
        assert_eq!(refused.unwrap_err(), stale);
        assert!(told(house, ada).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_old_password_is_counted_and_a_weak_new_one_refused() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let presented = ChangePassword {
            old: typed(PASSWORD),
            new: typed("password1234"),
            others: OtherSessions::Keep,
        };
        let weak = change_password(&house.identity, &ada.account(&tokens), presented).await;
        assert_eq!(weak.unwrap_err(), ChangeError::Password(PasswordRefused::Common));
        for _ in 1..5 {
            let wrong = changes(house, ada, &tokens, "not the old one", OtherSessions::Keep).await;
            assert_eq!(wrong.unwrap_err(), ChangeError::WrongPassword);
        }
        let throttled = changes(house, ada, &tokens, PASSWORD, OtherSessions::Keep).await;
        assert!(matches!(throttled.unwrap_err(), ChangeError::Throttled(_)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_changes_of_one_password_one_wins() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let attempts = (0..4).map(|_| changes(house, ada, &tokens, PASSWORD, OtherSessions::Keep));
        let won = join_all(attempts).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(won, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_backup_codes_open_and_old_ones_open_nothing() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let account = ada.account(&tokens);
        let made = replace_backup_codes(&house.identity, &account, OtherSessions::Keep).await;
        let made = made.unwrap();
        assert_eq!((made.entries.len(), made.value.codes.len()), (1, limits::BACKUP_CODES));
        house.refused_after(&tokens).await;
        assert!(works(house, &made.value.changed.tokens).await);
        let with = async |code: &str| {
            let presented = ada.presents(Factor::backup_code(code).unwrap());
            sign_in(&house.identity, house.origin(), presented).await.map(drop)
        };
        assert_eq!(with(&ada.backup_codes[0]).await, Err(SignInError::Wrong));
        assert_eq!(with(made.value.codes[0].show()).await, Ok(()));
        assert_eq!(told(house, ada).await, [NoticeKind::BackupCodesReplaced]);
        assert_eq!(house.platform_log(Verb::BackupCodesReplaced).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authenticator_is_replaced_by_the_new_ones_first_code_and_not_before() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let account = ada.account(&tokens);
        let waiting = start_totp(&house.identity, &account).await.unwrap();
        let seed = seed_of(waiting.totp_uri.show());
        let shows = |house: &House| code_of(&seed, house.now().0 / 1_000);
        let confirms = async |code: &str| {
            let code = TotpCode::parse(code).unwrap();
            confirm_totp(&house.identity, &account, code, OtherSessions::Keep).await
        };
        let wrong = if shows(house) == "000000" { "000001" } else { "000000" };
        assert_eq!(confirms(wrong).await.unwrap_err(), ChangeError::WrongCode);
        assert_eq!(enters(house, ada, PASSWORD).await, Ok(()), "the old one works until then");
        let done = confirms(&shows(house)).await.unwrap();
        assert_eq!(done.entries.len(), 2, "one factor less, one more");
        assert!(works(house, &done.value.tokens).await);
        assert_eq!(confirms(&shows(house)).await.unwrap_err(), ChangeError::NotStarted);
        assert_eq!(enters(house, ada, PASSWORD).await, Err(SignInError::Wrong), "the old one");
        house.advance(30_000);
        let factor = Factor::totp(&shows(house)).unwrap();
        assert!(sign_in(&house.identity, house.origin(), ada.presents(factor)).await.is_ok());
        assert_eq!(told(house, ada).await, [NoticeKind::FactorAdded]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_authenticator_belongs_to_its_session_and_ends() {
    each_engine(async |house: &House| {
        let (ada, eve) = (&house.ours.owner, &house.theirs.owner);
        let (one, two) = (ada.signs_in(house).await, ada.signs_in(house).await);
        let waiting = start_totp(&house.identity, &ada.account(&one)).await.unwrap();
        let code = || {
            let text = code_of(&seed_of(waiting.totp_uri.show()), house.now().0 / 1_000);
            TotpCode::parse(&text).unwrap()
        };
        let eves = eve.signs_in(house).await;
        for account in [ada.account(&two), eve.account(&eves)] {
            let keep = OtherSessions::Keep;
            let refused = confirm_totp(&house.identity, &account, code(), keep).await;
            assert_eq!(refused.unwrap_err(), ChangeError::NotStarted);
        }
        let (account, keep) = (ada.account(&one), OtherSessions::Keep);
        for _ in 0..limits::WRONG_CODES_MAX {
            let wrong = TotpCode::parse("000000").unwrap();
            let _ = confirm_totp(&house.identity, &account, wrong, keep).await;
        }
        let over = confirm_totp(&house.identity, &account, code(), keep).await;
        assert_eq!(over.unwrap_err(), ChangeError::NotStarted, "too many wrong codes");
    })
    .await;
}

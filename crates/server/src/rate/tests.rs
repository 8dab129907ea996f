//! Buckets empty, fill, and stay apart.

use super::*;

const NOW: TimeMs = TimeMs(1_790_000_000_000);

fn limiter(per_minute: u32) -> Limiter {
    Limiter::new(LimitsConfig {
        connections_max: 16,
        anonymous_per_minute: per_minute,
        caller_per_minute: per_minute,
        network_per_minute: per_minute,
    })
}

fn person(n: u128) -> RateKey {
    RateKey::Person(None, UserId::from(uuid_of(n)))
}

fn uuid_of(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

#[test]
fn a_burst_is_taken_and_the_next_request_is_told_when_to_come() {
    let limiter = limiter(60);
    for left in (0..10).rev() {
        assert_eq!(limiter.charge(person(1), NOW).unwrap().remaining, left);
    }
    let refused = limiter.charge(person(1), NOW).unwrap_err();
    assert_eq!(refused.rate, Rate { limit: 10, remaining: 0, reset_s: 10 });
    assert!((1_000..=1_001).contains(&refused.retry_ms), "{refused:?}");
    assert!(limiter.charge(person(1), NOW.plus_ms(refused.retry_ms)).is_ok());
}

#[test]
fn over_a_minute_nobody_gets_more_than_the_rate_and_one_burst() {
    let limiter = limiter(60);
    let taken =
        (0..60_000).step_by(10).filter(|ms| limiter.charge(person(1), NOW.plus_ms(*ms)).is_ok());
    assert!((60..=70).contains(&taken.count()));
}

#[test]
fn one_persons_burst_is_not_anothers() {
    let limiter = limiter(10);
    while limiter.charge(person(1), NOW).is_ok() {}
    assert!(limiter.charge(person(2), NOW).is_ok());
    let tenant = TenantId::from(uuid_of(9));
    assert!(limiter.charge(RateKey::Person(Some(tenant), UserId::from(uuid_of(1))), NOW).is_ok());
}

#[test]
fn one_ipv6_network_is_one_bucket_and_a_mapped_v4_address_is_its_v4_self() {
    let key = |text: &str| RateKey::network(text.parse().unwrap());
    assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
    assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
}

#[test]
fn memory_is_bounded_and_those_who_are_known_keep_their_bucket() {
    let limiter = limiter(60);
    for n in 0..BUCKETS_MAX + 100 {
        let _ = limiter.charge(person(u128::try_from(n).unwrap()), NOW);
    }
    assert!(limiter.full_at.lock().unwrap().len() <= BUCKETS_MAX + 1);
    assert_eq!(limiter.charge(person(0), NOW).unwrap().remaining, 8);
}

#[test]
fn a_clock_that_goes_back_gives_nothing_away() {
    let limiter = limiter(60);
    while limiter.charge(person(1), NOW).is_ok() {}
    assert!(limiter.charge(person(1), NOW.plus_ms(-3_600_000)).is_err());
}

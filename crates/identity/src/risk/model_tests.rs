//! Properties of the model.

use proptest::prelude::*;

use super::*;

fn attempt(place: u8, agent: u8, hour: u8, device: Recognised) -> Attempt {
    Attempt {
        country: Some(format!("c{}", place / 16)),
        area: format!("a{}", place / 4),
        network: format!("n{place}"),
        system: format!("s{}", agent / 2),
        agent: format!("g{agent}"),
        hour,
        device,
    }
}

fn attempts() -> impl Strategy<Value = Attempt> {
    let device = prop_oneof![Just(Recognised::Yes), Just(Recognised::No)];
    (0u8..32, 0u8..6, 0u8..24, device).prop_map(|(p, a, h, d)| attempt(p, a, h, d))
}

fn tally(attempts: &[Attempt]) -> Tally {
    let mut tally = Tally::default();
    attempts.iter().for_each(|attempt| tally.add(attempt));
    tally
}

proptest! {
    #[test]
    fn the_explanation_sums_to_the_score_and_every_part_is_finite(
        own in prop::collection::vec(attempts(), 0..40),
        all in prop::collection::vec(attempts(), 0..40),
        judged in attempts(),
    ) {
        let score = score(&tally(&own), &tally(&[own.clone(), all].concat()), &judged);
        let sum: f64 = score.contributions.iter().map(|it| it.log_ratio).sum();
        prop_assert!((sum - score.log_ratio).abs() < 1e-9);
        prop_assert!(score.contributions.iter().all(|it| it.log_ratio.is_finite()));
        let features: Vec<_> = score.contributions.iter().map(|it| it.feature).collect();
        prop_assert_eq!(features, Feature::ALL.to_vec());
    }

    #[test]
    fn seeing_the_same_sign_in_once_more_never_makes_it_more_suspicious(
        own in prop::collection::vec(attempts(), 0..40),
        all in prop::collection::vec(attempts(), 0..40),
        judged in attempts(),
    ) {
        let everybody = tally(&[own.clone(), all].concat());
        let before = score(&tally(&own), &everybody, &judged);
        let after = score(&tally(&[own, vec![judged.clone()]].concat()), &everybody, &judged);
        for (before, after) in before.contributions.iter().zip(&after.contributions) {
            // The half-weighted hour may lose a little to the larger whole.
            if before.feature != Feature::Hour {
                prop_assert!(after.log_ratio <= before.log_ratio + 1e-9, "{:?}", after.feature);
            }
        }
    }

    #[test]
    fn what_everybody_does_more_often_speaks_less_for_the_person(
        own in prop::collection::vec(attempts(), 1..40),
        all in prop::collection::vec(attempts(), 0..40),
    ) {
        let judged = own[0].clone();
        let rare = tally(&[own.clone(), all.clone()].concat());
        let usual = tally(&[own.clone(), all, vec![judged.clone(); 20]].concat());
        let country = |all: &Tally| score(&tally(&own), all, &judged).contributions[0].log_ratio;
        prop_assert!(country(&usual) >= country(&rare) - 1e-9);
    }
}

#[test]
fn a_recognised_device_outweighs_a_new_place_and_a_stranger_at_home_is_not_high() {
    let home = attempt(0, 0, 9, Recognised::Yes);
    let own = tally(&vec![home.clone(); 30]);
    let everybody = own.clone();
    let travel = attempt(31, 0, 15, Recognised::Yes);
    let thief = attempt(31, 5, 3, Recognised::No);
    let band = |attempt: &Attempt| score(&own, &everybody, attempt).band(30);
    assert_eq!(band(&home), Band::Low);
    assert_eq!(band(&travel), Band::Low);
    assert_eq!(band(&thief), Band::High);
}

#[test]
fn in_a_country_never_seen_its_networks_add_nothing() {
    let own = tally(&vec![attempt(0, 0, 9, Recognised::No); 30]);
    let score = score(&own, &own, &attempt(31, 0, 9, Recognised::No));
    let of = |wanted| score.contributions.iter().find(|it| it.feature == wanted).unwrap().log_ratio;
    assert!(of(Feature::Country) > 3.0);
    assert!(of(Feature::Area).abs() < 1e-9 && of(Feature::Network).abs() < 1e-9);
}

#[test]
fn without_a_history_everything_is_low() {
    let own = tally(&vec![attempt(0, 0, 9, Recognised::No); 4]);
    let everybody = tally(&vec![attempt(0, 0, 9, Recognised::No); 4_000]);
    let score = score(&own, &everybody, &attempt(31, 5, 3, Recognised::No));
    assert_eq!(score.band(4), Band::Low);
}

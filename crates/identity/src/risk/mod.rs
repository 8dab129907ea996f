//! How much a sign-in is like its person's earlier ones.
//!
//! Always true
//! 1. The judgement ([`score`]) is a pure function of counts; it says for every feature what it
//!    added, and the parts sum to the whole.
//! 2. What was seen and the judgement about it are written in the transaction that begins the
//!    session, so every path to a session is judged.
//! 3. A judgement never refuses. In the middle and the high band the session's factor does not
//!    count as fresh, so whatever needs one asks again; in the high band the person is told too.
//! 4. Without a history nothing is judged: nobody is unusual on their first day.
//!
//! Source: Freeman, Jain, Dürmuth, Biggio, Giacinto, "Who Are You? A Statistical Approach to
//! Measuring User Authenticity", NDSS 2016: a ratio of likelihoods per feature, smoothed, with
//! backing off from network to country.

mod agents;
mod model;
mod reading;
mod replay;
mod settle;

pub use agents::{Agent, agent_of};
pub use model::{
    Attempt, Band, Contribution, Counts, Feature, HIGH_FROM, JUDGED_FROM, MIDDLE_FROM, Recognised,
    Score, Tally, score,
};
pub(crate) use reading::Reading;
pub use replay::{Outcome, PEOPLE_MAX, Record, Replay, Row};

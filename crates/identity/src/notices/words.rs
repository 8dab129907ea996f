//! The words of every kind of message. One match without a default: a new kind needs its words.

use store::NoticeKind;

/// What a message says.
pub(super) struct Words {
    pub(super) subject: &'static str,
    /// What happened.
    pub(super) happened: &'static str,
    /// What to do.
    pub(super) advice: &'static str,
    /// The path of its link, for the few that have one.
    pub(super) link: Option<&'static str>,
}

const NOT_YOU: &str = "If this was you, there is nothing to do. If not, change your password and \
    end your other sessions at once, and tell whoever runs this Casemate.";
const NOT_YOU_FACTOR: &str = "If this was you, there is nothing to do. If not, somebody else is \
    signed in as you: end your sessions at once, and tell whoever runs this Casemate.";

const fn warning(subject: &'static str, happened: &'static str, advice: &'static str) -> Words {
    Words { subject, happened, advice, link: None }
}

pub(super) const fn of(kind: NoticeKind) -> Words {
    match kind {
        NoticeKind::NewDevice => warning(
            "New device signed in",
            "Somebody signed in to your account from a device that was not seen before.",
            NOT_YOU,
        ),
        NoticeKind::UnusualSignIn => warning(
            "Unusual sign-in",
            "Somebody signed in to your account in a way that is unlike your earlier sign-ins.",
            NOT_YOU,
        ),
        NoticeKind::TokenReused => warning(
            "A session was ended",
            "A token of one of your sessions was used twice. A copy of it may be in other hands, \
             so the session was ended.",
            "Sign in again. If it happens again, somebody reads your tokens: look for it on your \
             machine, and tell whoever runs this Casemate.",
        ),
        NoticeKind::FactorAdded => warning(
            "Your second factors changed",
            "A second factor was added to your account.",
            NOT_YOU_FACTOR,
        ),
        NoticeKind::FactorRemoved => warning(
            "Your second factors changed",
            "A second factor was removed from your account.",
            NOT_YOU_FACTOR,
        ),
        NoticeKind::BackupCodesReplaced => warning(
            "Your backup codes were replaced",
            "Your account has new backup codes. The ones before open nothing any more.",
            NOT_YOU_FACTOR,
        ),
        NoticeKind::PasswordChanged => warning(
            "Your password was changed",
            "The password of your account was changed by somebody who knew the old one.",
            NOT_YOU_FACTOR,
        ),
        NoticeKind::PasswordReset => warning(
            "Your password was reset",
            "The password of your account was reset with a mailed code and a second factor. Every \
             session was ended.",
            "If this was you, sign in with the new password. If not, tell whoever runs this \
             Casemate at once.",
        ),
        NoticeKind::StreamFailing => warning(
            "A receiver of your log takes nothing",
            "Your workspace has its log sent to a receiver that takes nothing any more.",
            "Look at it with: casemate audit stream list. The log itself is whole, and what was \
             not taken is sent when the receiver takes it again.",
        ),
        NoticeKind::KeyReported
        | NoticeKind::DeviceApproved
        | NoticeKind::IdentityLinked
        | NoticeKind::IdentityUnlinked => of_ways_in(kind),
        NoticeKind::GlassBroken | NoticeKind::KeysOverdue => of_workspaces(kind),
        NoticeKind::PasswordResetLink
        | NoticeKind::RecoveryLink
        | NoticeKind::RecoveryRequested
        | NoticeKind::RecoveryCancelled
        | NoticeKind::RecoveryCompleted => of_lost_factors(kind),
    }
}

/// The messages about keys, programs and providers.
const fn of_ways_in(kind: NoticeKind) -> Words {
    match kind {
        NoticeKind::KeyReported => warning(
            "An API key of yours was reported as leaked",
            "Somebody who held one of your API keys reported it. The key was revoked.",
            "Find out where the key was lying, and make a new one only for where it belongs.",
        ),
        NoticeKind::DeviceApproved => warning(
            "A program was let in",
            "You let a program or a device without a browser sign in as you.",
            NOT_YOU_FACTOR,
        ),
        NoticeKind::IdentityLinked => warning(
            "Another way to sign in",
            "An identity provider can sign you in from now on.",
            NOT_YOU_FACTOR,
        ),
        _ => warning(
            "One way less to sign in",
            "An identity provider can no longer sign you in.",
            NOT_YOU_FACTOR,
        ),
    }
}

/// The messages to those who run a workspace.
const fn of_workspaces(kind: NoticeKind) -> Words {
    match kind {
        NoticeKind::GlassBroken => warning(
            "Platform staff may open secrets of your workspace",
            "Two people who run this Casemate agreed that one of them may open the secrets named \
             below, until the moment below.",
            "Your workspace's log has an entry of it, and one of each opening: `casemate \
             sealing-keys accesses`. Its owner can end it at once: `casemate break-glass end`. If \
             you know of no emergency, ask whoever runs this Casemate, and give the secrets new \
             values.",
        ),
        _ => warning(
            "The keys of your workspace are overdue",
            "The keys that seal your workspace's records are older than its schedule allows.",
            "The platform rotates them by itself and has not. Ask for it with `casemate \
             sealing-keys rotate`, and tell whoever runs this Casemate.",
        ),
    }
}

/// The messages of resets and recoveries.
const fn of_lost_factors(kind: NoticeKind) -> Words {
    match kind {
        NoticeKind::PasswordResetLink => Words {
            subject: "Reset your password",
            happened: "Somebody asked to reset the password of your account. With the code below \
                       and your authenticator, or a backup code, you can choose a new one.",
            advice: "If this was not you, do nothing: without your second factor the code opens \
                     nothing. Never give it to anybody.",
            link: Some("password-resets"),
        },
        NoticeKind::RecoveryLink => Words {
            subject: "Your recovery was approved",
            happened: "Your team vouched for you. From the moment below on, the code lets you \
                       choose a new password and enrol a new authenticator. Every session ends \
                       with it.",
            advice: "If you did not ask for this, sign in and cancel it before that moment, and \
                     tell whoever runs this Casemate. Never give the code to anybody.",
            link: Some("recoveries"),
        },
        NoticeKind::RecoveryRequested => warning(
            "A recovery of your account was asked for",
            "Somebody says that they lost both the password and the second factor of your account, \
             and asked your team to vouch for them.",
            "If this was you, somebody who ranks above you in each of your workspaces has to \
             approve it. If not, sign in and cancel it, and warn your team.",
        ),
        NoticeKind::RecoveryCancelled => warning(
            "The recovery of your account was cancelled",
            "The recovery that was asked for opens nothing any more.",
            "There is nothing to do.",
        ),
        _ => warning(
            "Your account was recovered",
            "Your account has a new password and a new authenticator. Every session, passkey and \
             backup code of before is gone.",
            "If this was not you, tell whoever runs this Casemate at once.",
        ),
    }
}

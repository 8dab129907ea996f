//! A batch as an object of a bucket.
//!
//! Always true: an object is put once. One of its name that is there already is the same batch of
//! an earlier try, whose answer was lost, and is left as it is.

use std::sync::Arc;

use broker::Exposed;
use domain::streams::{StreamTarget, StreamTrouble};
use domain::{Clock, Mint, TimeMs};
use outbound::http::CallError;
use outbound::s3::{Bucket, BucketSettings, ObjectKey, S3Error, S3Keys};
use store::Stream;

use super::deliver::{DEADLINE, Fault, Payload};
use super::sender::Sender;

/// The store's clock, which signatures are made with.
struct Now(Mint);

impl Clock for Now {
    fn now(&self) -> TimeMs {
        self.0.now()
    }
}

/// Puts a payload under its name.
pub(super) async fn put(
    sender: &Sender,
    stream: &Stream,
    payload: Payload,
    secrets: &[Exposed],
) -> Result<(), Fault> {
    let bucket = bucket(sender, stream, secrets)?;
    let key = ObjectKey::parse(&payload.id).map_err(|_| StreamTrouble::Rejected)?;
    let put = bucket.put_new(&key, payload.bytes.into());
    match tokio::time::timeout(DEADLINE, put).await {
        Ok(Ok(()) | Err(S3Error::Exists)) => Ok(()),
        Ok(Err(error)) => Err(fault(&error)),
        Err(_elapsed) => Err(CallError::Deadline.into()),
    }
}

fn bucket(sender: &Sender, stream: &Stream, secrets: &[Exposed]) -> Result<Bucket, Fault> {
    let StreamTarget::S3 { endpoint, region, bucket, prefix, access_key_id } = &stream.target
    else {
        return Err(StreamTrouble::Rejected.into());
    };
    let secret = secrets.first().and_then(Exposed::expose_text);
    let secret = secret.ok_or(StreamTrouble::SecretLost)?.to_owned();
    let keys = S3Keys::new(access_key_id, secret.into()).map_err(|_| StreamTrouble::SecretLost)?;
    let prefix = prefix.as_deref().map(ObjectKey::parse).transpose();
    let at = BucketSettings {
        endpoint: endpoint.parse().map_err(|_| StreamTrouble::Rejected)?,
        region: region.clone(),
        bucket: bucket.clone(),
        prefix: prefix.map_err(|_| StreamTrouble::Rejected)?,
    };
    let clock = Arc::new(Now(sender.store.mint().clone()));
    Bucket::new(sender.client.clone(), at, keys, clock).map_err(|error| fault(&error))
}

fn fault(error: &S3Error) -> Fault {
    match error {
        S3Error::Call(error) => (*error).into(),
        S3Error::Denied { .. } => StreamTrouble::Unauthorised.into(),
        S3Error::Answer { status: 429 | 503, .. } => StreamTrouble::Throttled.into(),
        S3Error::Answer { status: 500.., .. } => StreamTrouble::Broken.into(),
        S3Error::Place
        | S3Error::Absent
        | S3Error::Exists
        | S3Error::Size
        | S3Error::Answer { .. } => StreamTrouble::Rejected.into(),
    }
}

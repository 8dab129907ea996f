//! One bucket: objects put, read, listed and deleted.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::Clock;
use http::{Method, Request, Response, StatusCode, header};
use url::Url;

use super::answer::{Listing, is_ours, read_code, read_listing};
use super::key::ObjectKey;
use super::sign::{S3Keys, signed};
use super::upload::Upload;
use super::{BODY_BYTES_MAX, PART_BYTES_MIN};
use crate::http::{Bounds, CallError, HttpClient};

/// Longest call: sixteen mebibytes over a line of three megabits a second.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long is waited before a call is made again, the first time and the second.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];
/// Room for the text of an answer beside its body.
const ANSWER_BYTES_MAX: usize = BODY_BYTES_MAX + 64 * 1024;

/// Where a bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSettings {
    /// The store's address: `https://host` with no path. Plain `http` only where the client's
    /// policy names the host.
    pub endpoint: Url,
    /// The region that requests are signed for, such as `us-east-1`.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What stands before each object's name; none for the bucket's top.
    pub prefix: Option<ObjectKey>,
}

/// Why an object store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum S3Error {
    /// The address, the region or the bucket is not of a form that can be used.
    #[error("this is not the place of a bucket")]
    Place,
    /// The call was not made, or had no answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The store does not know these keys, or does not let them.
    #[error("the store refuses these keys{}", shown(.code.as_deref()))]
    Denied {
        /// The store's own code.
        code: Option<String>,
    },
    /// No such bucket or object.
    #[error("the store has no such bucket or object")]
    Absent,
    /// An object of this name is there already, and was left as it is.
    #[error("an object of this name exists already")]
    Exists,
    /// More than can be sent in one piece, or a part too many or too small.
    #[error("the object or part has a size that cannot be sent")]
    Size,
    /// Another answer, or one that cannot be understood.
    #[error("the store answers {status}{}", shown(.code.as_deref()))]
    Answer {
        /// The HTTP status.
        status: u16,
        /// The store's own code.
        code: Option<String>,
    },
}

fn shown(code: Option<&str>) -> String {
    code.map_or_else(String::new, |code| format!(" ({code})"))
}

/// A bucket, or a part of one. Cheap to clone.
#[derive(Clone)]
pub struct Bucket {
    client: HttpClient,
    at: Arc<BucketSettings>,
    keys: S3Keys,
    clock: Arc<dyn Clock>,
}

impl Bucket {
    /// The bucket at a place, reached with a pair of keys.
    ///
    /// # Errors
    /// [`S3Error::Place`].
    pub fn new(
        client: HttpClient,
        at: BucketSettings,
        keys: S3Keys,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, S3Error> {
        let plain = |text: &str, longest: usize| {
            let letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
            (1..=longest).contains(&text.len()) && text.bytes().all(letter)
        };
        let endpoint = &at.endpoint;
        let sound = endpoint.host_str().is_some()
            && matches!(endpoint.scheme(), "https" | "http")
            && endpoint.path() == "/"
            && endpoint.query().is_none()
            && endpoint.username().is_empty()
            && plain(&at.region, 64)
            && plain(&at.bucket, 63)
            && !at.bucket.starts_with('.');
        if !sound {
            return Err(S3Error::Place);
        }
        Ok(Self { client, at: Arc::new(at), keys, clock })
    }

    /// Writes an object, in the place of one of the same name.
    ///
    /// # Errors
    /// [`S3Error`]; [`S3Error::Size`] beyond [`BODY_BYTES_MAX`].
    pub async fn put(&self, key: &ObjectKey, body: Bytes) -> Result<(), S3Error> {
        self.write(key, body, &[]).await
    }

    /// Writes an object unless one of this name exists. Stores that do not know conditional writes
    /// answer as they do, and nothing is promised about them.
    ///
    /// # Errors
    /// [`S3Error`]; [`S3Error::Exists`].
    pub async fn put_new(&self, key: &ObjectKey, body: Bytes) -> Result<(), S3Error> {
        self.write(key, body, &[("if-none-match", "*")]).await
    }

    async fn write(
        &self,
        key: &ObjectKey,
        body: Bytes,
        headers: &[(&'static str, &str)],
    ) -> Result<(), S3Error> {
        if body.len() > BODY_BYTES_MAX {
            return Err(S3Error::Size);
        }
        self.ask(Method::PUT, &self.path(key), headers, body).await.map(drop)
    }

    /// Reads a part of an object, at most [`BODY_BYTES_MAX`] of it. A range that ends behind the
    /// object's end gives what is there.
    ///
    /// # Errors
    /// [`S3Error`]; [`S3Error::Size`] for an empty or too large range.
    pub async fn get(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, S3Error> {
        let length = range.end.saturating_sub(range.start);
        if length == 0 || length > BODY_BYTES_MAX as u64 {
            return Err(S3Error::Size);
        }
        let wanted = format!("bytes={}-{}", range.start, range.end - 1);
        let asked = [("range", wanted.as_str())];
        let answer = self.ask(Method::GET, &self.path(key), &asked, Bytes::new()).await?;
        // A store that gives the whole object in place of its beginning does no harm.
        let partial = answer.status() == StatusCode::PARTIAL_CONTENT || range.start == 0;
        let fits = answer.body().len() as u64 <= length;
        if partial && fits { Ok(answer.into_body()) } else { Err(odd(&answer)) }
    }

    /// The size of an object in bytes; none when there is none.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn size(&self, key: &ObjectKey) -> Result<Option<u64>, S3Error> {
        match self.ask(Method::HEAD, &self.path(key), &[], Bytes::new()).await {
            Ok(answer) => {
                let length = answer.headers().get(header::CONTENT_LENGTH);
                let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
                length.ok_or_else(|| odd(&answer)).map(Some)
            }
            Err(S3Error::Absent) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object. That there is none is no failure.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), S3Error> {
        match self.ask(Method::DELETE, &self.path(key), &[], Bytes::new()).await {
            Ok(_) | Err(S3Error::Absent) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// One page of the objects below `folder`, or of all; `next` is the page before's. Names are
    /// without the bucket's prefix, and objects whose names are not ours are left out.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn list(
        &self,
        folder: Option<&ObjectKey>,
        next: Option<&str>,
    ) -> Result<Listing, S3Error> {
        let before =
            self.at.prefix.as_ref().map_or_else(String::new, |prefix| format!("{prefix}/"));
        let below = folder.map_or_else(|| before.clone(), |folder| format!("{before}{folder}/"));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(next) = next {
            query.append_pair("continuation-token", next);
        }
        query.append_pair("list-type", "2");
        if !below.is_empty() {
            query.append_pair("prefix", &below);
        }
        // A space is `%20` to a signature, and `+` to a form.
        let query = query.finish().replace('+', "%20");
        let path = format!("/{}?{query}", self.at.bucket);
        let answer = self.ask(Method::GET, &path, &[], Bytes::new()).await?;
        let mut listing = read_listing(answer.body()).map_err(|_| odd(&answer))?;
        for object in &mut listing.objects {
            object.key = object.key.strip_prefix(&before).unwrap_or_default().to_owned();
        }
        listing.objects.retain(is_ours);
        Ok(listing)
    }

    /// Begins an upload in parts, for what is larger than one call carries. Without an end it is
    /// nothing; the store's own rule for unfinished uploads clears what a crash left.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn upload(&self, key: &ObjectKey) -> Result<Upload, S3Error> {
        Upload::begin(self.clone(), self.path(key)).await
    }

    /// The size that parts should have, in bytes.
    #[must_use]
    pub const fn part_bytes() -> usize {
        2 * PART_BYTES_MIN
    }

    fn path(&self, key: &ObjectKey) -> String {
        let bucket = &self.at.bucket;
        match &self.at.prefix {
            Some(prefix) => format!("/{bucket}/{prefix}/{key}"),
            None => format!("/{bucket}/{key}"),
        }
    }

    /// Asks, again when the way or the store's load was at fault, and turns a fault's status into
    /// its error.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<Response<Bytes>, S3Error> {
        let mut waits = WAITS.iter();
        loop {
            let outcome = self.ask_once(method.clone(), path, headers, body.clone()).await;
            let again = match &outcome {
                Err(S3Error::Call(CallError::Unreachable | CallError::Deadline)) => true,
                Err(S3Error::Answer { status, .. }) => matches!(status, 429 | 500 | 502..=504),
                _ => false,
            };
            match waits.next() {
                Some(wait) if again => tokio::time::sleep(*wait).await,
                _ => return outcome,
            }
        }
    }

    async fn ask_once(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<Response<Bytes>, S3Error> {
        let origin = self.at.endpoint.as_str().trim_end_matches('/');
        let mut request = Request::builder().method(method).uri(format!("{origin}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).map_err(|_| S3Error::Place)?;
        let request = signed(request, &self.keys, &self.at.region, self.clock.now())
            .map_err(|_| S3Error::Place)?;
        let bounds = Bounds { deadline: DEADLINE, answer_bytes_max: ANSWER_BYTES_MAX };
        let answer = self.client.call_within(request, bounds).await?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(S3Error::Denied { code: read_code(answer.body()) })
            }
            StatusCode::NOT_FOUND => Err(S3Error::Absent),
            StatusCode::PRECONDITION_FAILED => Err(S3Error::Exists),
            _ => Err(odd(&answer)),
        }
    }
}

/// An answer that is none of those asked for.
pub(super) fn odd(answer: &Response<Bytes>) -> S3Error {
    S3Error::Answer { status: answer.status().as_u16(), code: read_code(answer.body()) }
}

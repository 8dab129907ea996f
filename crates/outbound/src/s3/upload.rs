//! An object that is sent in parts, and is there only once its end was told.

use bytes::Bytes;
use http::{Method, header};

use super::answer::{read_code, read_upload_id, write_parts};
use super::bucket::{Bucket, S3Error, odd};
use super::{BODY_BYTES_MAX, PART_BYTES_MIN, PARTS_MAX};

/// An upload that has begun. Dropped without an end, it leaves no object.
pub struct Upload {
    bucket: Bucket,
    path: String,
    id: String,
    tags: Vec<String>,
    /// A part smaller than the protocol's least was sent: it can only be the last.
    closed: bool,
}

impl Upload {
    pub(super) async fn begin(bucket: Bucket, path: String) -> Result<Self, S3Error> {
        let asked = format!("{path}?uploads=");
        let answer = bucket.ask(Method::POST, &asked, &[], Bytes::new()).await?;
        let id = read_upload_id(answer.body()).map_err(|_| odd(&answer))?;
        let id = url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
        Ok(Self { bucket, path, id: id.replace('+', "%20"), tags: Vec::new(), closed: false })
    }

    /// Sends the next part: between [`PART_BYTES_MIN`] and [`BODY_BYTES_MAX`] bytes, the last may
    /// be smaller.
    ///
    /// # Errors
    /// [`S3Error`]; [`S3Error::Size`].
    pub async fn part(&mut self, body: Bytes) -> Result<(), S3Error> {
        let number = u32::try_from(self.tags.len()).unwrap_or(PARTS_MAX).saturating_add(1);
        if self.closed || body.is_empty() || body.len() > BODY_BYTES_MAX || number > PARTS_MAX {
            return Err(S3Error::Size);
        }
        let small = body.len() < PART_BYTES_MIN;
        let asked = format!("{}?partNumber={number}&uploadId={}", self.path, self.id);
        let answer = self.bucket.ask(Method::PUT, &asked, &[], body).await?;
        let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        self.tags.push(tag.ok_or_else(|| odd(&answer))?.to_owned());
        self.closed = small;
        Ok(())
    }

    /// Makes the object of the parts.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn finish(self) -> Result<(), S3Error> {
        let asked = format!("{}?uploadId={}", self.path, self.id);
        let body = Bytes::from(write_parts(&self.tags));
        let answer = self.bucket.ask(Method::POST, &asked, &[], body).await?;
        // The status is sent before the work is done: a fault may stand in the answer's text.
        if read_code(answer.body()).is_some() { Err(odd(&answer)) } else { Ok(()) }
    }

    /// Gives the upload up, so that the store forgets its parts.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn abandon(self) -> Result<(), S3Error> {
        let asked = format!("{}?uploadId={}", self.path, self.id);
        match self.bucket.ask(Method::DELETE, &asked, &[], Bytes::new()).await {
            Ok(_) | Err(S3Error::Absent) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

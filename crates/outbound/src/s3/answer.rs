//! What an object store answers in XML: a listing, an upload's id, a fault's code.
//!
//! Always true: an answer is read to its end or refused; what it does not say is not made up.
//! Never: entities or document types are resolved, deep answers followed.

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::key::ObjectKey;

/// Most objects that one listing names: the protocol's own limit.
const OBJECTS_MAX: usize = 1_000;
/// Deepest element that is followed.
const DEPTH_MAX: usize = 8;
/// Longest text that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 2_048;

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// The objects, in the order of their names.
    pub objects: Vec<Object>,
    /// What to ask with for the next page; none at the end.
    pub next: Option<String>,
}

/// An answer that cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store's answer cannot be understood")]
pub struct AnswerError;

/// Reads the answer to `ListObjectsV2`.
///
/// # Errors
/// [`AnswerError`].
pub fn read_listing(xml: &[u8]) -> Result<Listing, AnswerError> {
    let mut listing = Listing::default();
    let (mut key, mut size, mut next, mut more) = (None, None, None, None);
    walk(xml, "ListBucketResult", |path, text| {
        match path {
            ["Contents", "Key"] => key = Some(text.to_owned()),
            ["Contents", "Size"] => size = Some(text.parse().map_err(|_| AnswerError)?),
            ["Contents"] => {
                let key = key.take().ok_or(AnswerError)?;
                let size = size.take().ok_or(AnswerError)?;
                if listing.objects.len() == OBJECTS_MAX {
                    return Err(AnswerError);
                }
                listing.objects.push(Object { key, size });
            }
            ["NextContinuationToken"] => next = Some(text.to_owned()),
            ["IsTruncated"] => more = Some(text == "true"),
            _ => {}
        }
        Ok(())
    })?;
    listing.next = match (more, next) {
        (Some(true), Some(next)) => Some(next),
        (Some(true), None) => return Err(AnswerError),
        _ => None,
    };
    Ok(listing)
}

/// Reads the answer to `CreateMultipartUpload`: the upload's id.
///
/// # Errors
/// [`AnswerError`].
pub fn read_upload_id(xml: &[u8]) -> Result<String, AnswerError> {
    let mut id = None;
    walk(xml, "InitiateMultipartUploadResult", |path, text| {
        if path == ["UploadId"] && !text.is_empty() {
            id = Some(text.to_owned());
        }
        Ok(())
    })?;
    id.ok_or(AnswerError)
}

/// The code of a fault, when the answer is one: letters only, so that it can be shown.
pub(super) fn read_code(xml: &[u8]) -> Option<String> {
    let mut code = None;
    let read = walk(xml, "Error", |path, text| {
        let plain = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if path == ["Code"] && plain {
            code = Some(text.to_owned());
        }
        Ok(())
    });
    read.ok().and(code)
}

/// The body of `CompleteMultipartUpload`.
pub(super) fn write_parts(tags: &[String]) -> String {
    let mut xml = String::from("<CompleteMultipartUpload>");
    for (number, tag) in (1_u32..).zip(tags) {
        let tag = quick_xml::escape::escape(tag);
        xml.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"));
    }
    xml.push_str("</CompleteMultipartUpload>");
    xml
}

/// Whether a listed name is one of ours.
pub(super) fn is_ours(object: &Object) -> bool {
    ObjectKey::parse(&object.key).is_ok()
}

/// Walks through `xml`, whose root must be `root`, and shows each element below it as it ends: its
/// path and its text.
fn walk(
    xml: &[u8],
    root: &str,
    mut seen: impl FnMut(&[&str], &str) -> Result<(), AnswerError>,
) -> Result<(), AnswerError> {
    let mut reader = Reader::from_reader(xml);
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut ended = false;
    loop {
        match reader.read_event().map_err(|_| AnswerError)? {
            Event::Start(start) => {
                let name = str::from_utf8(start.local_name().into_inner())
                    .map_err(|_| AnswerError)?
                    .to_owned();
                let fits = if path.is_empty() { name == root && !ended } else { true };
                if !fits || path.len() == DEPTH_MAX {
                    return Err(AnswerError);
                }
                path.push(name);
                text.clear();
            }
            Event::Empty(empty) => {
                if path.is_empty() {
                    return Err(AnswerError);
                }
                let name = empty.local_name();
                let name = str::from_utf8(name.into_inner()).map_err(|_| AnswerError)?;
                let mut below: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
                below.push(name);
                seen(&below, "")?;
            }
            Event::Text(part) => push(&mut text, &part.decode().map_err(|_| AnswerError)?)?,
            Event::CData(part) => push(&mut text, &part.decode().map_err(|_| AnswerError)?)?,
            Event::GeneralRef(name) => push(&mut text, &character(&name)?)?,
            Event::End(_) => {
                let below: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
                if below.is_empty() {
                    ended = true;
                } else {
                    seen(&below, text.trim())?;
                }
                path.pop();
                text.clear();
            }
            Event::DocType(_) => return Err(AnswerError),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    if ended && path.is_empty() { Ok(()) } else { Err(AnswerError) }
}

fn push(text: &mut String, part: &str) -> Result<(), AnswerError> {
    if text.len() + part.len() > TEXT_BYTES_MAX {
        return Err(AnswerError);
    }
    text.push_str(part);
    Ok(())
}

/// The character that a reference stands for: one of XML's own five, or a number.
fn character(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, AnswerError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| AnswerError)? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|_| AnswerError)?;
    let known = quick_xml::escape::resolve_xml_entity(&name).ok_or(AnswerError)?;
    Ok(known.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix/><KeyCount>2</KeyCount><IsTruncated>true</IsTruncated>
  <Contents><Key>a/1</Key><Size>434234</Size><ETag>&quot;x&quot;</ETag></Contents>
  <Contents><Key>a&amp;b&#x2f;2</Key><Size>0</Size><Owner><ID>me</ID></Owner></Contents>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
</ListBucketResult>"#;

    #[test]
    fn a_page_of_a_listing_is_read() {
        let listing = read_listing(PAGE.as_bytes()).unwrap();
        let keys: Vec<_> = listing.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["a/1", "a&b/2"]);
        assert_eq!(listing.objects[0].size, 434_234);
        assert!(listing.next.unwrap().ends_with("OwM="));
        assert!(!is_ours(&listing.objects[1]));
        let last = PAGE.replace(">true<", ">false<");
        assert_eq!(read_listing(last.as_bytes()).unwrap().next, None);
    }

    #[test]
    fn answers_that_say_half_are_refused() {
        for (part, by) in [
            ("<Key>a/1</Key>", ""),
            ("<Size>0</Size>", "<Size>-1</Size>"),
            ("<NextContinuationToken>", "<Other>"),
            ("</ListBucketResult>", ""),
            ("<ListBucketResult", "<!DOCTYPE x [<!ENTITY y \"z\">]><ListBucketResult"),
            ("&amp;", "&secret;"),
        ] {
            let odd = PAGE.replacen(part, by, 1);
            assert_eq!(read_listing(odd.as_bytes()), Err(AnswerError), "{part}");
        }
        let deep = format!("<Error>{}", "<a>".repeat(50));
        assert_eq!(read_code(deep.as_bytes()), None);
    }

    #[test]
    fn a_faults_code_is_letters_or_nothing() {
        let fault = |code: &str| format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
        assert_eq!(read_code(fault("NoSuchKey").as_bytes()).unwrap(), "NoSuchKey");
        assert_eq!(read_code(fault("a b\u{1b}[31m").as_bytes()), None);
        assert_eq!(read_code(b"{}"), None);
        let begun = "<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId>\
                     </InitiateMultipartUploadResult>";
        assert_eq!(read_upload_id(begun.as_bytes()).unwrap(), "u&1");
        assert_eq!(read_upload_id(fault("x").as_bytes()), Err(AnswerError));
        assert_eq!(
            write_parts(&["\"a\"".to_owned()]),
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>\
             <ETag>&quot;a&quot;</ETag></Part></CompleteMultipartUpload>"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, cut in 0..PAGE.len(), flip: u8) {
            let _ = (read_listing(&bytes), read_code(&bytes), read_upload_id(&bytes));
            let mut page = PAGE.as_bytes().to_vec();
            page[cut] ^= flip;
            let _ = read_listing(&page);
            prop_assert!(read_listing(&PAGE.as_bytes()[..cut]).is_err());
        }
    }
}

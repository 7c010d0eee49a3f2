//! A hierarchy in a bucket of an object store that speaks the S3 protocol.
//!
//! `AWS_ENDPOINT_URL` names another server than Amazon's and `AWS_REGION` the region of the bucket.
//! Requests are signed where `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` are set (with
//! `AWS_SESSION_TOKEN` if there is one), and anonymous otherwise, for public buckets.

use std::env;
use std::io;

use rayon::ThreadPool;

use super::http::Http;
use super::presign::{Credentials, presigned};
use super::{Part, Store, escape};

/// The region of buckets that name none.
const REGION: &str = "us-east-1";

/// A bucket and the folder in it.
pub(super) struct S3(Http);

impl S3 {
    /// The store of `BUCKET/FOLDER`.
    pub(super) fn new(place: &str) -> S3 {
        let (bucket, folder) = place.split_once('/').unwrap_or((place, ""));
        let endpoint = set("AWS_ENDPOINT_URL_S3").or_else(|| set("AWS_ENDPOINT_URL"));
        let region = set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION"));
        let base = match (endpoint, &region) {
            (Some(endpoint), _) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
            (None, Some(region)) => format!("https://s3.{region}.amazonaws.com/{bucket}"),
            // The global address redirects to the region of the bucket.
            (None, None) => format!("https://{bucket}.s3.amazonaws.com"),
        };
        let base = match folder.trim_matches('/') {
            "" => base,
            folder => format!("{base}/{}", escape(folder, b"/")),
        };
        let credentials = credentials();
        let region = region.unwrap_or_else(|| REGION.to_owned());
        S3(Http::with_addresses(Box::new(move |key| {
            let address = format!("{base}/{}", escape(key, b"/"));
            match &credentials {
                Some(credentials) => {
                    let now = jiff::Timestamp::now()
                        .strftime("%Y%m%dT%H%M%SZ")
                        .to_string();
                    presigned(&address, credentials, &region, &now)
                }
                None => address,
            }
        })))
    }
}

fn credentials() -> Option<Credentials> {
    Some(Credentials {
        key_id: set("AWS_ACCESS_KEY_ID")?,
        secret: set("AWS_SECRET_ACCESS_KEY")?,
        session: set("AWS_SESSION_TOKEN"),
    })
}

fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Store for S3 {
    fn get(&self, key: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        self.0.get(key, most)
    }

    fn get_part(&self, key: &str, part: Part) -> io::Result<Option<Vec<u8>>> {
        self.0.get_part(key, part)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        self.0.list(folder)
    }

    fn threads(&self) -> Option<&ThreadPool> {
        self.0.threads()
    }
}

//! A hierarchy in a public bucket of an object store that speaks the S3 protocol.
//!
//! Requests are anonymous. `AWS_ENDPOINT_URL` names another server than Amazon's and `AWS_REGION`
//! the region of the bucket.

use std::env;
use std::io;

use rayon::ThreadPool;

use super::http::Http;
use super::{Part, Store};

/// A bucket and the folder in it.
pub(super) struct S3(Http);

impl S3 {
    /// The store of `BUCKET/FOLDER`.
    pub(super) fn new(place: &str) -> S3 {
        let (bucket, folder) = place.split_once('/').unwrap_or((place, ""));
        let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let endpoint = set("AWS_ENDPOINT_URL_S3").or_else(|| set("AWS_ENDPOINT_URL"));
        let base = match (
            endpoint,
            set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")),
        ) {
            (Some(endpoint), _) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
            (None, Some(region)) => format!("https://s3.{region}.amazonaws.com/{bucket}"),
            // The global address redirects to the region of the bucket.
            (None, None) => format!("https://{bucket}.s3.amazonaws.com"),
        };
        S3(Http::new(&format!("{base}/{folder}")))
    }
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

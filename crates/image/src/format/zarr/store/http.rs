//! A hierarchy behind a web address.

use std::io::{self, ErrorKind, Read};
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use ureq::http::Response;
use ureq::{Agent, Body};

use super::{Part, Store, escape, too_large};

/// How often a request is repeated after a failure that may pass.
const RETRIES: u32 = 3;
/// Requests under way at once: they wait for the network, not for the processor.
const REQUESTS: usize = 16;
/// The largest file that is taken from a server that knows no ranges where a part is wanted.
const MOST_WHOLE_BYTES: u64 = 1 << 30;

/// The address of a file.
type Addressing = Box<dyn Fn(&str) -> String + Send + Sync>;

/// A web server; also the object stores that speak HTTP.
pub(super) struct Http {
    agent: Agent,
    address: Addressing,
    threads: Option<ThreadPool>,
}

impl Http {
    /// The files below an address.
    pub(super) fn new(base: &str) -> Http {
        let base = escape(base, b":/?#[]@!$&'()*+,;=%");
        Http::with_addresses(Box::new(move |key| below(&base, key)))
    }

    pub(super) fn with_addresses(address: Addressing) -> Http {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_mins(1)))
            .timeout_recv_body(Some(Duration::from_mins(10)))
            .user_agent(concat!("coverslip/", env!("CARGO_PKG_VERSION")))
            .build();
        Http {
            agent: config.into(),
            address,
            threads: ThreadPoolBuilder::new().num_threads(REQUESTS).build().ok(),
        }
    }

    /// The body of a file or of a part of it, of at most `most` bytes.
    fn fetch(&self, key: &str, part: Option<Part>, most: u64) -> io::Result<Option<Vec<u8>>> {
        let mut attempt = 0;
        loop {
            match self.attempt(key, part, most) {
                Err(error) if attempt < RETRIES && may_pass(&error) => {
                    attempt += 1;
                    std::thread::sleep(Duration::from_millis(100 << (2 * attempt)));
                }
                answer => return answer,
            }
        }
    }

    fn attempt(&self, key: &str, part: Option<Part>, most: u64) -> io::Result<Option<Vec<u8>>> {
        let request = self.agent.get((self.address)(key));
        let request = match part {
            None => request,
            Some(Part::At(_, 0) | Part::Last(0)) => return Ok(Some(Vec::new())),
            Some(Part::At(start, length)) => {
                let last = start.saturating_add(length - 1);
                request.header("Range", format!("bytes={start}-{last}"))
            }
            Some(Part::Last(length)) => request.header("Range", format!("bytes=-{length}")),
        };
        let mut response = request.call().map_err(ureq::Error::into_io)?;
        match response.status().as_u16() {
            // A server that knows no ranges answers with everything.
            200 => {
                let whole = if part.is_some() {
                    MOST_WHOLE_BYTES
                } else {
                    most
                };
                Ok(Some(cut(body(&mut response, whole)?, part)))
            }
            206 => body(&mut response, most).map(Some),
            404 | 410 => Ok(None),
            416 => Ok(Some(Vec::new())),
            401 | 403 => Err(io::Error::new(ErrorKind::PermissionDenied, "access denied")),
            status @ (408 | 429 | 500..=599) => Err(io::Error::new(
                ErrorKind::ConnectionReset,
                format!("the server answers {status}"),
            )),
            status => Err(io::Error::other(format!("the server answers {status}"))),
        }
    }
}

impl Store for Http {
    fn get(&self, key: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        self.fetch(key, None, most)
    }

    fn get_part(&self, key: &str, part: Part) -> io::Result<Option<Vec<u8>>> {
        self.fetch(key, Some(part), length(part))
    }

    fn list(&self, _folder: &str) -> Vec<String> {
        Vec::new()
    }

    fn threads(&self) -> Option<&ThreadPool> {
        self.threads.as_ref()
    }
}

/// The address of a file below an escaped address.
fn below(base: &str, key: &str) -> String {
    // An access token or the like stays at the end of the address.
    let (base, query) = base.split_once('?').unwrap_or((base, ""));
    let mut address = format!("{}/{}", base.trim_end_matches('/'), escape(key, b"/"));
    if !query.is_empty() {
        address = format!("{address}?{query}");
    }
    address
}

fn length(part: Part) -> u64 {
    match part {
        Part::At(_, length) | Part::Last(length) => length,
    }
}

fn body(response: &mut Response<Body>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut reader = response.body_mut().as_reader().take(most.saturating_add(1));
    reader.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_large(most));
    }
    Ok(bytes)
}

/// The wanted part of a whole file.
fn cut(mut bytes: Vec<u8>, part: Option<Part>) -> Vec<u8> {
    let all = bytes.len();
    let clamp = |position: u64| usize::try_from(position).map_or(all, |position| position.min(all));
    match part {
        None => {}
        Some(Part::At(start, length)) => {
            bytes.truncate(clamp(start.saturating_add(length)));
            bytes.drain(..clamp(start).min(bytes.len()));
        }
        Some(Part::Last(length)) => drop(bytes.drain(..all - clamp(length))),
    }
    bytes
}

fn may_pass(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::TimedOut
            | ErrorKind::UnexpectedEof
            | ErrorKind::BrokenPipe
    )
}

//! Images behind addresses: a web server and an object store of our own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use coverslip_image::{Axes, Image, Pixels, read_image, write_image};
use ndarray::ArrayD;

use crate::command::Bench;

/// How the server answers.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Files and parts of them.
    Plain,
    /// Whole files only.
    WithoutRanges,
    /// The first request of each file fails.
    Stumbling,
    /// Only to requests with a signature.
    Signed,
}

/// A web server for the files of a folder, for as long as the test runs.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn of(folder: &Path, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (folder, seen) = (folder.to_owned(), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, seen) = (folder.clone(), Arc::clone(&seen));
                std::thread::spawn(move || serve(&stream, &folder, manner, &seen));
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Answers the requests of one connection.
fn serve(stream: &TcpStream, folder: &Path, manner: Manner, seen: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(request)) = lines.next() {
        let target = request.split(' ').nth(1).unwrap_or("/").to_owned();
        let mut range = None;
        while let Some(Ok(header)) = lines.next() {
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(": ")
                && name.eq_ignore_ascii_case("range")
            {
                range = Some(value.to_owned());
            }
        }
        let is_first = {
            let mut seen = seen.lock().unwrap();
            let is_first = !seen.contains(&target);
            seen.push(target.clone());
            is_first
        };
        let (status, body) = answer(folder, &target, range.as_deref(), manner, is_first);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        if stream.write_all(head.as_bytes()).is_err() || stream.write_all(&body).is_err() {
            return;
        }
    }
}

fn answer(
    folder: &Path,
    target: &str,
    range: Option<&str>,
    manner: Manner,
    is_first: bool,
) -> (&'static str, Vec<u8>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if manner == Manner::Stumbling && is_first {
        return ("503 Service Unavailable", Vec::new());
    }
    if manner == Manner::Signed && !query.contains("X-Amz-Signature=") {
        return ("403 Forbidden", Vec::new());
    }
    let file: PathBuf = folder.join(path.trim_start_matches('/'));
    let Ok(bytes) = fs::read(file) else {
        return ("404 Not Found", Vec::new());
    };
    match range.and_then(|range| part(&bytes, range)) {
        Some(part) if manner != Manner::WithoutRanges => ("206 Partial Content", part),
        _ => ("200 OK", bytes),
    }
}

/// The part of a file that `bytes=FIRST-LAST` or `bytes=-COUNT` asks for.
fn part(bytes: &[u8], range: &str) -> Option<Vec<u8>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let range = if first.is_empty() {
        bytes.len().saturating_sub(last.parse().ok()?)..bytes.len()
    } else {
        first.parse().ok()?..bytes.len().min(last.parse::<usize>().ok()? + 1)
    };
    bytes.get(range).map(<[u8]>::to_vec)
}

/// A sharded OME-Zarr in the folder `bucket`, as the image that it has.
fn bench() -> (Bench, Image) {
    let bench = Bench::new();
    let pixels = ArrayD::from_shape_fn(vec![3, 300, 280], |index| {
        (index[0] * 1000 + index[1] * 3 + index[2]) as u16
    });
    let image = Image::new(Pixels::U16(pixels), "zyx".parse::<Axes>().unwrap()).unwrap();
    fs::create_dir(bench.path().join("bucket")).unwrap();
    write_image(bench.path().join("bucket/cells.ome.zarr"), &image).unwrap();
    (bench, image)
}

/// Converts the image behind an address and compares its pixels.
fn fetches(bench: &Bench, image: &Image, address: &str, variables: &[(&str, &str)]) {
    let arguments = ["convert", address, "here.tif", "--quiet"];
    let outcome = bench.run_with(&arguments, variables);
    assert_eq!(outcome.code, 0, "{address}: {}", outcome.stderr);
    let here = read_image(bench.path().join("here.tif")).unwrap();
    assert_eq!(here.pixels(), image.pixels());
}

#[test]
fn images_of_web_servers_are_read() {
    let (bench, image) = bench();
    for manner in [Manner::Plain, Manner::WithoutRanges, Manner::Stumbling] {
        let server = Server::of(bench.path(), manner);
        let address = format!("{}/bucket/cells.ome.zarr", server.address);
        fetches(&bench, &image, &address, &[]);
        assert!(server.requests().len() > 2);
    }
}

#[test]
fn objects_of_buckets_are_asked_for_with_a_signature_if_there_is_a_key() {
    let (bench, image) = bench();
    let server = Server::of(bench.path(), Manner::Signed);
    let endpoint = ("AWS_ENDPOINT_URL", &*server.address);
    let key = [
        endpoint,
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "not a secret"),
        ("AWS_REGION", "eu-central-1"),
    ];
    fetches(&bench, &image, "s3://bucket/cells.ome.zarr", &key);
    let scope = "X-Amz-Credential=AKIDEXAMPLE%2F";
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.contains(scope))
    );
    assert!(server.requests()[0].contains("%2Feu-central-1%2Fs3%2Faws4_request"));
    let outcome = bench.run_with(&["info", "s3://bucket/cells.ome.zarr"], &[endpoint]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("permission denied"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("AWS_ACCESS_KEY_ID"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn addresses_without_an_image_are_refused() {
    let (bench, _) = bench();
    let server = Server::of(bench.path(), Manner::Plain);
    let outcome = bench.run(&["info", &format!("{}/bucket/none.zarr", server.address)]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("none.zarr"), "{}", outcome.stderr);
    // Nobody listens behind a port that was just given back.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let outcome = bench.run(&["info", &format!("http://{free}/cells.ome.zarr")]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("cells.ome.zarr"),
        "{}",
        outcome.stderr
    );
}

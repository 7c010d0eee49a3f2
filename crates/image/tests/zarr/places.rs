//! The same image in a folder, a zip file and behind a web server; collections and plates.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use coverslip_image::format::{Flavour, OpenOptions, WriteOptions, open, open_with, read_image};
use coverslip_image::{ImageError, Pixels};
use ndarray::ArrayD;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{assert_pixels, open_series, pattern, target, write};

fn values() -> ArrayD<u16> {
    pattern(&[3, 140, 150], |i| (i % 60_000) as u16)
}

/// A store with labels.
fn store(folder: &Path, flavour: Flavour) -> PathBuf {
    let path = folder.join("a b.ome.zarr");
    let options = WriteOptions {
        tile: Some(40),
        flavour: Some(flavour),
        ..WriteOptions::default()
    };
    let pixels = Pixels::from(values());
    write(&path, &target("zyx", &pixels), &pixels, &options);
    let labels = Pixels::from(values().mapv(|value| value / 100));
    let mut of_labels = target("zyx", &labels);
    of_labels.is_labels = true;
    write(
        &path.join("labels/cells"),
        &of_labels,
        &labels,
        &WriteOptions::default(),
    );
    path
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn a_zip_file_is_read_like_its_folder() {
    let folder = TempDir::new().unwrap();
    let root = store(folder.path(), Flavour::OmeZarr05);
    let mut members = Vec::new();
    files(&root, &mut members);
    for (method, base) in [
        (zip::CompressionMethod::Stored, root.as_path()),
        (zip::CompressionMethod::Deflated, folder.path()),
    ] {
        let path = folder.path().join("a.ome.zarr.zip");
        let mut zip = ZipWriter::new(fs::File::create(&path).unwrap());
        for member in &members {
            let name = member.strip_prefix(base).unwrap().to_str().unwrap();
            zip.start_file(
                name,
                SimpleFileOptions::default().compression_method(method),
            )
            .unwrap();
            zip.write_all(&fs::read(member).unwrap()).unwrap();
        }
        zip.finish().unwrap();
        assert_pixels(&read_image(&path).unwrap(), &values().into());
        assert_eq!(open(&path).unwrap().info().series, ["0", "labels/cells"]);
        fs::remove_file(path).unwrap();
    }
}

/// Serves the files below a folder, with ranges if asked to, until the test ends.
fn serve(root: PathBuf, knows_ranges: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let root = root.clone();
            thread::spawn(move || answer(stream.unwrap(), &root, knows_ranges));
        }
    });
    address
}

fn answer(mut stream: TcpStream, root: &Path, knows_ranges: bool) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line);
        }
        let target = lines
            .first()?
            .split(' ')
            .nth(1)?
            .trim_start_matches('/')
            .replace("%20", " ");
        let range = lines.iter().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let value = value.trim().strip_prefix("bytes=")?.split_once('-')?;
            (name.eq_ignore_ascii_case("range") && knows_ranges).then_some(value)
        });
        let (status, body) = match (fs::read(root.join(target)), range) {
            (Err(_), _) => ("404 Not Found", Vec::new()),
            (Ok(all), None) => ("200 OK", all),
            (Ok(all), Some((start, end))) => {
                let number = |text: &str| text.parse::<usize>().unwrap();
                let (start, end) = match (start, end) {
                    ("", last) => (all.len().saturating_sub(number(last)), all.len()),
                    (start, end) => (number(start), (number(end) + 1).min(all.len())),
                };
                ("206 Partial Content", all[start..end].to_vec())
            }
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .ok()?;
        stream.write_all(&body).ok()?;
    }
}

#[test]
fn a_web_server_is_read_like_a_folder() {
    let folder = TempDir::new().unwrap();
    for flavour in [Flavour::OmeZarr04, Flavour::OmeZarr05] {
        store(folder.path(), flavour);
        for knows_ranges in [true, false] {
            let address = serve(folder.path().to_owned(), knows_ranges);
            let path = PathBuf::from(format!("{address}/a b.ome.zarr/"));
            assert_pixels(&read_image(&path).unwrap(), &values().into());
            assert_eq!(open(&path).unwrap().info().series, ["0", "labels/cells"]);
            let nothing = open(format!("{address}/other.zarr")).err().unwrap();
            assert!(
                nothing.to_string().contains("no Zarr at this address"),
                "{nothing}"
            );
        }
    }
}

#[test]
fn shards_are_read_over_the_network() {
    let folder = TempDir::new().unwrap();
    let values = pattern(&[9, 2000, 2000], |i| (i / 3000) as u16);
    let pixels = Pixels::from(values);
    let options = WriteOptions {
        pyramid: Some(false),
        ..WriteOptions::default()
    };
    write(
        &folder.path().join("a.zarr"),
        &target("zyx", &pixels),
        &pixels,
        &options,
    );
    for knows_ranges in [true, false] {
        let address = serve(folder.path().to_owned(), knows_ranges);
        assert_pixels(&read_image(format!("{address}/a.zarr")).unwrap(), &pixels);
    }
}

#[test]
fn collections_name_their_images() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("c.zarr");
    fs::create_dir_all(&root).unwrap();
    for (name, value) in [("0", 3u8), ("1", 4)] {
        let pixels = Pixels::from(pattern(&[2, 2], |_| value));
        let path = folder.path().join("x.zarr");
        let options = WriteOptions {
            flavour: Some(Flavour::OmeZarr04),
            ..WriteOptions::default()
        };
        write(&path, &target("yx", &pixels), &pixels, &options);
        fs::rename(path, root.join(name)).unwrap();
    }
    fs::write(root.join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    fs::write(root.join(".zattrs"), r#"{"bioformats2raw.layout": 3}"#).unwrap();
    let source = open(&root).unwrap();
    assert_eq!(source.info().series, ["0", "1"]);
    assert_eq!(source.info().warnings.len(), 1);
    let second = open_series(&root, "1").read().unwrap();
    assert_pixels(&second, &Pixels::from(pattern(&[2, 2], |_| 4u8)));
    let options = OpenOptions {
        series: Some("7".to_owned()),
        ..OpenOptions::default()
    };
    let error = open_with(&root, &options).err().unwrap();
    assert!(
        error.to_string().ends_with("has no image `7`; it has 0, 1"),
        "{error}"
    );
}

#[test]
fn a_plate_lists_its_wells() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("p.zarr");
    fs::create_dir_all(root.join("A/1")).unwrap();
    let pixels = Pixels::from(pattern(&[2, 2], |i| i as u8));
    let path = folder.path().join("x.zarr");
    write(
        &path,
        &target("yx", &pixels),
        &pixels,
        &WriteOptions::default(),
    );
    fs::rename(path, root.join("A/1/0")).unwrap();
    let group = |ome: &str| {
        format!(r#"{{"zarr_format": 3, "node_type": "group", "attributes": {{"ome": {ome}}}}}"#)
    };
    let plate = r#"{"version": "0.5", "plate": {"wells": [{"path": "A/1"}, {"path": "A/2"}]}}"#;
    fs::write(root.join("zarr.json"), group(plate)).unwrap();
    let well = r#"{"version": "0.5", "well": {"images": [{"path": "0"}]}}"#;
    fs::write(root.join("A/1/zarr.json"), group(well)).unwrap();
    let error = open(&root).err().unwrap();
    assert!(matches!(error, ImageError::Unsupported { .. }));
    assert!(
        error.to_string().contains("a plate of 2 wells (A/1, A/2)"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("`A/1/0`"));
    for series in ["A/1/0", "A/1"] {
        assert_pixels(&open_series(&root, series).read().unwrap(), &pixels);
    }
    assert_pixels(&read_image(root.join("A/1")).unwrap(), &pixels);
}

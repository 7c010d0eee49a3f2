//! Outlines of small label images, and the files made of them.

use ndarray::{Array2, Array3, arr2, s};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use coverslip_image::image::PixelSize;

/// Fills rings by the even-odd rule at pixel centres: a pixel is inside if an odd number of
/// vertical edges is to its left.
fn fill(rings: &[Ring], shape: (usize, usize)) -> Array2<bool> {
    let mut inside = Array2::from_elem(shape, false);
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            assert!((a[0] == b[0]) != (a[1] == b[1]), "not along a pixel edge");
            if a[0] == b[0] {
                for y in a[1].min(b[1])..a[1].max(b[1]) {
                    for x in a[0] as usize..shape.1 {
                        inside[[y as usize, x]] ^= true;
                    }
                }
            }
        }
    }
    inside
}

fn check(labels: &Array2<u32>) {
    let mut rebuilt = Array2::zeros(labels.dim());
    let found = outlines(&labels.view()).unwrap();
    assert!(found.is_sorted_by(|a, b| a.id < b.id));
    for outline in &found {
        let mut area = 0;
        for part in &outline.parts {
            for ring in part.rings() {
                let mut points = ring.clone();
                points.sort_unstable();
                points.dedup();
                assert_eq!(points.len(), ring.len(), "a point twice in {ring:?}");
                let turns = |i: usize| {
                    let [a, b, c] = [i, i + 1, i + 2].map(|i| ring[i % ring.len()]);
                    (a[0] == b[0]) != (b[0] == c[0])
                };
                assert!((0..ring.len()).all(turns), "collinear points in {ring:?}");
                area += trace::twice_area(ring);
            }
            assert!(trace::twice_area(&part.exterior) > 0);
            assert!(part.holes.iter().all(|hole| trace::twice_area(hole) < 0));
            let rings: Vec<Ring> = part.rings().cloned().collect();
            for (place, inside) in fill(&rings, labels.dim()).indexed_iter() {
                if *inside {
                    assert_eq!(rebuilt[place], 0, "parts overlap");
                    rebuilt[place] = outline.id;
                }
            }
        }
        assert_eq!(area, 2 * i128::from(outline.area));
    }
    assert_eq!(&rebuilt, labels);
}

#[test]
fn shapes_with_corners_that_touch_are_rebuilt() {
    let touching = arr2(&[
        [1, 1, 1, 1, 0, 3],
        [1, 0, 1, 1, 3, 0],
        [1, 1, 0, 1, 0, 3],
        [1, 1, 1, 0, 2, 2],
        [0, 1, 1, 2, 2, 2],
    ]);
    check(&touching);
    let pinched = arr2(&[[5, 5, 5], [5, 0, 5], [5, 5, 0]]);
    check(&pinched);
    let found = outlines(&pinched.view()).unwrap();
    assert_eq!(
        found[0].parts[0].holes,
        [vec![[2, 2], [2, 1], [1, 1], [1, 2]]]
    );
}

#[test]
fn empty_maps_and_single_pixels() {
    for shape in [(0, 0), (0, 5), (5, 0), (3, 4)] {
        assert_eq!(outlines(&Array2::zeros(shape).view()).unwrap(), []);
    }
    let found = outlines(&arr2(&[[u32::MAX]]).view()).unwrap();
    assert_eq!(found[0].id, u32::MAX);
    assert_eq!(found[0].parts[0].exterior, [[1, 0], [1, 1], [0, 1], [0, 0]]);
}

proptest! {
    #[test]
    fn any_label_map_is_rebuilt(
        (width, values) in (1_usize..12).prop_flat_map(|width| {
            (Just(width), proptest::collection::vec(0_u32..4, 0..12 * width))
        })
    ) {
        let height = values.len() / width;
        let values = values[..height * width].to_vec();
        check(&Array2::from_shape_vec((height, width), values).unwrap());
    }
}

fn volume() -> Array3<u32> {
    let mut labels = Array3::zeros((2, 6, 7));
    labels.slice_mut(s![0, 1..6, 1..6]).fill(9);
    labels[[0, 3, 3]] = 4;
    labels[[1, 0, 0]] = 9;
    labels[[1, 1, 1]] = 9;
    labels
}

#[test]
fn geojson_has_closed_rings_planes_and_measurements() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.geojson");
    let options = GeoJsonOptions {
        class: Some("Nucleus \"A\"".to_owned()),
        first_z: 3,
        time: 1,
        pixel_size: PixelSize {
            z: None,
            y: Some(0.5),
            x: Some(0.25),
        },
        ..GeoJsonOptions::default()
    };
    write_geojson(&path, &volume().view(), &options).unwrap();
    let text = std::fs::read(&path).unwrap();
    let json: Value = serde_json::from_slice(&text).unwrap();
    let features = json["features"].as_array().unwrap();
    assert_eq!(features.len(), 3);
    let ring = &features[1];
    assert_eq!(ring["properties"]["name"], "9");
    assert_eq!(ring["properties"]["objectType"], "detection");
    assert_eq!(
        ring["properties"]["classification"]["name"],
        "Nucleus \"A\""
    );
    assert_eq!(ring["properties"]["measurements"]["Area px^2"], 24);
    assert_eq!(ring["properties"]["measurements"]["Area µm^2"], 3.0);
    assert_eq!(
        ring["geometry"]["plane"],
        serde_json::json!({"c": -1, "z": 3, "t": 1})
    );
    let rings = ring["geometry"]["coordinates"].as_array().unwrap();
    assert_eq!(rings.len(), 2);
    for ring in rings {
        assert_eq!(ring[0], ring[ring.as_array().unwrap().len() - 1]);
    }
    assert_eq!(features[2]["geometry"]["type"], "MultiPolygon");
    assert_eq!(features[2]["geometry"]["plane"]["z"], 4);
    let ids: std::collections::BTreeSet<&str> =
        features.iter().map(|f| f["id"].as_str().unwrap()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| id.as_bytes()[14] == b'8'));
    write_geojson(&path, &volume().view(), &options).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), text);
}

/// The rings of a `.roi` file, read as its layout says.
fn decode(bytes: &[u8]) -> (Vec<Ring>, String, u32) {
    let short = |at: usize| u32::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let word = |at: usize| short(at) << 16 | short(at + 2);
    assert_eq!(&bytes[..4], b"Iout");
    let (corners, steps) = (short(16) as usize, word(36) as usize);
    let rings = if steps == 0 {
        assert_eq!(bytes[6], 8);
        let [top, left] = [short(8), short(10)];
        let point = |i: usize| {
            [
                left + short(64 + 2 * i),
                top + short(64 + 2 * (corners + i)),
            ]
        };
        vec![(0..corners).map(point).collect()]
    } else {
        assert_eq!(bytes[6], 1);
        let values: Vec<f32> = (0..steps)
            .map(|i| f32::from_bits(word(64 + 4 * i)))
            .collect();
        let (mut rings, mut at) = (Vec::<Ring>::new(), 0);
        while at < steps {
            match values[at] as u32 {
                0 => rings.push(Vec::new()),
                1 => {}
                _ => {
                    at += 1;
                    continue;
                }
            }
            rings
                .last_mut()
                .unwrap()
                .push([values[at + 1] as u32, values[at + 2] as u32]);
            at += 3;
        }
        rings
    };
    let second = word(60) as usize;
    let (start, length) = (word(second + 16) as usize, word(second + 20) as usize);
    let letters: Vec<u16> = (0..length).map(|i| short(start + 2 * i) as u16).collect();
    (rings, String::from_utf16(&letters).unwrap(), word(56))
}

#[test]
fn roi_sets_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let labels = volume();
    write_roi_zip(&path, &labels.view()).unwrap();
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    assert_eq!(names, ["0001-4.roi", "0001-9.roi", "0002-9.roi"]);
    let mut rebuilt = Array3::zeros(labels.dim());
    for name in names {
        let mut bytes = Vec::new();
        let mut file = archive.by_name(&name).unwrap();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        let (rings, inner, section) = decode(&bytes);
        assert_eq!(format!("{inner}.roi"), name);
        let id: u32 = inner[5..].parse().unwrap();
        let inside = fill(&rings, (6, 7));
        for ((y, x), _) in inside.indexed_iter().filter(|(_, inside)| **inside) {
            rebuilt[[section as usize - 1, y, x]] = id;
        }
    }
    assert_eq!(rebuilt, labels);
}

#[test]
fn far_objects_are_composite() {
    let mut labels = Array2::zeros((1, 40000));
    labels[[0, 39000]] = 2;
    let outline = &outlines(&labels.view()).unwrap()[0];
    let (rings, name, section) = decode(&roi::encode(outline, "é", 0));
    assert_eq!(rings, [outline.parts[0].exterior.clone()]);
    assert_eq!((name.as_str(), section), ("é", 0));
}

#[test]
fn tables_have_one_corner_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let labels = volume();
    write_csv(&path, &labels.slice(s![1..2, .., ..])).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("id,part,hole,vertex,y,x\n9,0,0,0,0,1\n9,0,0,1,1,1\n"));
    assert_eq!(text.lines().count(), 9);
    write_csv(&path, &labels.view()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("z,id,part,hole,vertex,y,x\n0,4,0,0,0,3,4\n"));
    write_cellpose(&path, &labels.slice(s![0, .., ..])).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "4,3,4,4,3,4,3,3\n6,1,6,6,1,6,1,1\n");
}

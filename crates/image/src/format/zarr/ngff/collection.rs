//! Finding the image that is meant: of a collection, of a plate, or among labels.

use super::group::Group;
use crate::error::ImageError;
use crate::format::OpenOptions;
use crate::format::series::find_series;
use crate::format::zarr::array::ZarrArray;
use crate::format::zarr::store::Location;

/// How deep collections may be nested: plate, well, image, label image.
const MOST_DEEP: usize = 4;
/// The most images of a collection that lists them nowhere.
const MOST_IMAGES: usize = 10_000;

/// What was found.
pub(in crate::format::zarr) enum Found {
    /// An OME-Zarr image, and the names of all images beside it.
    Image { group: Group, series: Vec<String> },
    /// An array without such a description.
    Array(Box<ZarrArray>),
}

/// Finds the image that the options name, or the first one.
pub(in crate::format::zarr) fn find(
    at: &Location,
    options: &OpenOptions,
) -> Result<Found, ImageError> {
    let Some(mut group) = Group::read(at)? else {
        let array = ZarrArray::open(at.clone())?;
        return array.map_or_else(
            || Err(nothing(at)),
            |array| Ok(Found::Array(Box::new(array))),
        );
    };
    let mut wanted = options.series.clone();
    let mut series = None;
    for _ in 0..MOST_DEEP {
        group.check_version()?;
        let members = members(&group)?;
        if let Kind::Plate = members.kind {
            let (well, rest) = members.well(&group, wanted.as_deref())?;
            group = child(&group, &well)?;
            wanted = rest;
            continue;
        }
        let names: Vec<String> = members.names().collect();
        let chosen = choose(&group.at, &names, wanted.as_deref())?;
        series.get_or_insert(names);
        match members.paths[chosen].as_str() {
            "" => {
                return Ok(Found::Image {
                    group,
                    series: series.unwrap_or_default(),
                });
            }
            path => group = child(&group, path)?,
        }
        wanted = None;
    }
    Err(group
        .at
        .malformed(group.file, "is a collection that is nested too deeply"))
}

fn child(group: &Group, path: &str) -> Result<Group, ImageError> {
    let at = group.at.child(path)?;
    Group::read(&at)?.ok_or_else(|| {
        group
            .at
            .malformed(group.file, format!("names `{path}`, which is no group"))
    })
}

enum Kind {
    Images,
    Plate,
}

/// The images of a group by their paths; the empty path is the group itself.
struct Members {
    kind: Kind,
    paths: Vec<String>,
}

impl Members {
    /// The names of the images; the one of the group itself is `0`.
    fn names(&self) -> impl Iterator<Item = String> {
        self.paths.iter().map(|path| {
            if path.is_empty() {
                "0".to_owned()
            } else {
                path.clone()
            }
        })
    }

    /// The well that a name begins with, and what follows.
    fn well(
        &self,
        group: &Group,
        wanted: Option<&str>,
    ) -> Result<(String, Option<String>), ImageError> {
        let split = wanted.and_then(|wanted| {
            self.paths.iter().find_map(|well| {
                let rest = wanted.strip_prefix(well.as_str())?;
                let rest = if rest.is_empty() {
                    None
                } else {
                    Some(rest.strip_prefix('/')?.to_owned())
                };
                Some((well.clone(), rest))
            })
        });
        if let Some(found) = split {
            return Ok(found);
        }
        let first = self.paths.first().map_or("A/1", String::as_str);
        Err(group.at.unsupported(
            group.file,
            format!(
                "is a plate of {} wells ({})",
                self.paths.len(),
                some(&self.paths)
            ),
            format!(
                "choose one image of a well as the series, such as `{first}/0`, or open its folder"
            ),
        ))
    }
}

fn members(group: &Group) -> Result<Members, ImageError> {
    let ome = group.ome();
    let images = |paths| {
        Ok(Members {
            kind: Kind::Images,
            paths,
        })
    };
    if !ome["multiscales"].is_null() {
        let mut paths = vec![String::new()];
        paths.extend(labels(&group.at)?);
        return images(paths);
    }
    let paths_of = |key: &str, list: &str| -> Vec<String> {
        let entries = ome[key][list].as_array().into_iter().flatten();
        entries
            .filter_map(|entry| entry["path"].as_str().map(str::to_owned))
            .collect()
    };
    if !ome["plate"].is_null() {
        return Ok(Members {
            kind: Kind::Plate,
            paths: paths_of("plate", "wells"),
        });
    }
    let paths = if !ome["well"].is_null() {
        paths_of("well", "images")
    } else if !ome["bioformats2raw.layout"].is_null()
        || !group.attributes["bioformats2raw.layout"].is_null()
    {
        bioformats2raw(group)?
    } else {
        let labels = ome["labels"].as_array().into_iter().flatten();
        labels
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    if paths.is_empty() {
        return Err(no_image(group));
    }
    images(paths)
}

/// The label images of an image, as paths below it.
fn labels(at: &Location) -> Result<Vec<String>, ImageError> {
    let Some(group) = Group::read(&at.child("labels")?)? else {
        return Ok(Vec::new());
    };
    let names = group.ome()["labels"].as_array().into_iter().flatten();
    Ok(names
        .filter_map(|name| Some(format!("labels/{}", name.as_str()?)))
        .collect())
}

/// The images of the layout of bioformats2raw, with their label images after them.
fn bioformats2raw(group: &Group) -> Result<Vec<String>, ImageError> {
    let listed = Group::read(&group.at.child("OME")?)?.and_then(|ome| {
        let names = ome.ome()["series"].as_array()?.iter();
        names
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
    });
    let images = listed.map_or_else(|| numbered(&group.at), Ok)?;
    let mut below = Vec::new();
    for image in &images {
        let names = labels(&group.at.child(image)?)?;
        below.extend(names.into_iter().map(|name| format!("{image}/{name}")));
    }
    Ok([images, below].concat())
}

/// The groups `0`, `1` and so on.
fn numbered(at: &Location) -> Result<Vec<String>, ImageError> {
    let mut images = Vec::new();
    while images.len() < MOST_IMAGES {
        let name = images.len().to_string();
        if Group::read(&at.child(&name)?)?.is_none() {
            break;
        }
        images.push(name);
    }
    Ok(images)
}

/// The number of the image of a name, or of a number as a name.
fn choose(at: &Location, names: &[String], wanted: Option<&str>) -> Result<usize, ImageError> {
    find_series(names, wanted).ok_or_else(|| ImageError::Misuse {
        path: Some(at.path.clone()),
        problem: format!(
            "has no image `{}`; it has {}",
            wanted.unwrap_or_default(),
            some(names)
        ),
    })
}

/// The first of some names.
fn some(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(12)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > 12 {
        text.push_str(", ...");
    }
    text
}

fn nothing(at: &Location) -> ImageError {
    match crate::files::address(&at.path) {
        None => at.malformed("", "it holds neither a Zarr group nor a Zarr array"),
        Some(_) => at.unsupported(
            "",
            "there is no Zarr at this address",
            "check the address: it is the one of the folder that holds `zarr.json` or `.zattrs`; \
             download images of other formats before opening them",
        ),
    }
}

fn no_image(group: &Group) -> ImageError {
    let is_array = |name: &String| {
        let marks = ["zarr.json", ".zarray"].map(|file| format!("{}/{file}", group.at.key(name)));
        marks.iter().any(|key| {
            group
                .at
                .store
                .get_part(key, crate::format::zarr::store::Part::At(0, 1))
                .is_ok_and(|part| part.is_some())
        })
    };
    let mut names = group.at.store.list(&group.at.folder);
    names.retain(is_array);
    let problem = "has no `multiscales`, so the group is no OME-Zarr image";
    match names.first() {
        Some(name) => group.at.unsupported(
            group.file,
            problem,
            format!("open one of its members instead, such as the folder `{name}` inside it"),
        ),
        None => group.at.malformed(group.file, problem),
    }
}

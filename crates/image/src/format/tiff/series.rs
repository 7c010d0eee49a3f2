//! Which pages belong together: the images of a file and the resolutions of each.

use std::collections::HashMap;
use std::path::PathBuf;

use super::arrangement::{Arrangement, Plane};
use super::document::Document;
use super::imagej::{Blocks, Hyperstack};
use super::metamorph;
use super::ome::{Ome, OmeImage, Resolver, beside};
use super::page::Page;
use super::tifffile;
use crate::axes::Axis;
use crate::error::ImageError;
use crate::format::series::find_series;

/// More than any companion file has.
const MOST_COMPANION_BYTES: u64 = 1 << 30;
/// More than ImageJ's fields for display have.
const MOST_BLOCKS_BYTES: u64 = 16 << 20;

/// One image of a file.
pub(super) struct Series {
    pub(super) stack: Arrangement,
    /// The files that planes are in, the opened one first.
    pub(super) members: Vec<PathBuf>,
    /// For each smaller resolution with pages in the main chain, the page for each page.
    pub(super) smaller: Vec<HashMap<usize, usize>>,
    /// The names of all images of the file.
    pub(super) names: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Finds the image that is asked for by its name or number; the first one by default.
pub(super) fn find(document: &Document, wanted: Option<&str>) -> Result<Series, ImageError> {
    let description = document.description(&document.pages[0])?;
    let mut warnings = Vec::new();
    if Ome::is_ome(&description) {
        let own = Ome::parse(&description).map_err(|fault| document.file.malformed(fault))?;
        match &own.companion {
            None => return of_ome(document, &own, &own, wanted),
            Some(name) => match companion(document, name)? {
                Some(ome) => return of_ome(document, &own, &ome, wanted),
                None => warnings.push(format!(
                    "the description `{name}` of the image is not there, so its pages are taken \
                     as sections"
                )),
            },
        }
    }
    let mut series = of_pages(document, wanted)?;
    series.warnings.splice(..0, warnings);
    Ok(series)
}

/// The description in another file, if it is there.
fn companion(document: &Document, name: &str) -> Result<Option<Ome>, ImageError> {
    let Some(path) = beside(document.file.path(), name) else {
        return Ok(None);
    };
    let refused = |error| ImageError::io(&path, "read", error);
    if path.metadata().map_err(refused)?.len() > MOST_COMPANION_BYTES {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(refused)?;
    match Ome::parse(&text) {
        Ok(ome) => Ok(Some(ome).filter(|ome| !ome.images.is_empty())),
        Err(problem) => Err(ImageError::Malformed { path, problem }),
    }
}

fn of_ome(
    document: &Document,
    own: &Ome,
    ome: &Ome,
    wanted: Option<&str>,
) -> Result<Series, ImageError> {
    let names = names(ome.images.iter().map(|image| image.name.as_deref()));
    let mut warnings = several(&names, wanted);
    let image: &OmeImage = &ome.images[choose(document, &names, wanted)?];
    let path = document.file.path();
    let mut resolver = Resolver::new(path, document.pages.len(), own);
    let page = document.pages.get(image.first_page());
    let samples = page.unwrap_or(&document.pages[0]).samples;
    let stack = image
        .arrange(ome, samples, &mut resolver)
        .map_err(|fault| document.file.malformed(fault))?;
    let warning = |name: &String| {
        format!("the file `{name}` of the image is not there, its planes are blank")
    };
    warnings.extend(resolver.missing.iter().map(warning));
    Ok(Series {
        stack,
        members: resolver.members,
        warnings,
        smaller: Vec::new(),
        names,
    })
}

/// A name for each image: its own if no other has it, else its number.
fn names<'a>(own: impl ExactSizeIterator<Item = Option<&'a str>> + Clone) -> Vec<String> {
    let mut uses = HashMap::new();
    for name in own.clone().flatten() {
        *uses.entry(name).or_insert(0) += 1;
    }
    own.enumerate()
        .map(|(number, name)| match name {
            Some(name) if uses[name] == 1 && name.parse::<usize>().is_err() => name.to_owned(),
            _ => number.to_string(),
        })
        .collect()
}

/// Says that there are other images, if none was asked for.
fn several(names: &[String], wanted: Option<&str>) -> Vec<String> {
    let is_silent = wanted.is_some() || names.len() < 2;
    let warning = || {
        format!(
            "the file has {} images, this is the first of them",
            names.len()
        )
    };
    (!is_silent).then(warning).into_iter().collect()
}

/// The number of the image that is asked for.
fn choose(
    document: &Document,
    names: &[String],
    wanted: Option<&str>,
) -> Result<usize, ImageError> {
    find_series(names, wanted).ok_or_else(|| ImageError::Misuse {
        path: Some(document.file.path().to_owned()),
        problem: format!(
            "has the image{} {}, there is no `{}`",
            if names.len() == 1 { "" } else { "s" },
            names.join(", "),
            wanted.unwrap_or_default()
        ),
    })
}

/// Pages of the same size and type.
struct Group {
    pages: Vec<usize>,
}

fn of_pages(document: &Document, wanted: Option<&str>) -> Result<Series, ImageError> {
    let mut groups = groups(document)?;
    let mut images: Vec<(Group, Vec<Group>)> = Vec::new();
    while !groups.is_empty() {
        let full = groups.remove(0);
        let smaller = take_smaller(document, &full, &mut groups);
        images.push((full, smaller));
    }
    // Smaller copies that belong to no page, such as previews, are no images of their own.
    let is_full = |(group, _): &(Group, _)| !document.pages[group.pages[0]].is_reduced;
    if images.iter().any(is_full) {
        images.retain(is_full);
    }
    let names: Vec<String> = (0..images.len()).map(|number| number.to_string()).collect();
    let (full, smaller) = images.swap_remove(choose(document, &names, wanted)?);
    let mut warnings = several(&names, wanted);
    let stack = arrange(document, &full.pages, &mut warnings)?;
    let pair = |group: &Group| {
        let pages = group.pages.iter().copied();
        full.pages.iter().copied().zip(pages).collect()
    };
    Ok(Series {
        stack,
        members: vec![document.file.path().to_owned()],
        smaller: smaller.iter().map(pair).collect(),
        names,
        warnings,
    })
}

/// The pages that agree, in the order of the first of each.
fn groups(document: &Document) -> Result<Vec<Group>, ImageError> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known = HashMap::new();
    let first = document.description(&document.pages[0])?;
    let is_shaped = tifffile::is_shaped(&first);
    for (index, page) in document.pages.iter().enumerate() {
        let key = (page.kind(), page.is_reduced);
        let is_start = is_shaped
            && page.description.is_some()
            && tifffile::is_shaped(&document.description(page)?);
        match known.get(&key) {
            Some(&group) if !is_start => {
                let group: &mut Group = &mut groups[group];
                group.pages.push(index);
            }
            _ => {
                known.insert(key, groups.len());
                groups.push(Group { pages: vec![index] });
            }
        }
    }
    Ok(groups)
}

/// Takes out the groups that are smaller copies of a full one, the largest first.
fn take_smaller(document: &Document, full: &Group, groups: &mut Vec<Group>) -> Vec<Group> {
    let page = |group: &Group| &document.pages[group.pages[0]];
    let mut smaller: Vec<Group> = Vec::new();
    let mut index = 0;
    while index < groups.len() {
        let candidate = &groups[index];
        let last = page(smaller.last().unwrap_or(full));
        let is_copy = candidate.pages.len() == full.pages.len()
            && is_smaller(page(candidate), last)
            && has_same_aspect(page(candidate), page(full))
            && (page(candidate).is_tiled == page(full).is_tiled || page(candidate).is_reduced);
        if is_copy {
            smaller.push(groups.remove(index));
        } else {
            index += 1;
        }
    }
    smaller
}

/// Whether a page can be the next smaller copy of another.
pub(super) fn is_smaller(page: &Page, than: &Page) -> bool {
    page.samples == than.samples
        && page.dtype == than.dtype
        && page.width < than.width
        && page.height < than.height
}

/// Whether the sides are in the same proportion, up to rounding.
fn has_same_aspect(page: &Page, other: &Page) -> bool {
    let expected = page.height as f64 * other.width as f64 / other.height as f64;
    (page.width as f64 - expected).abs() <= 1.5 + 0.01 * expected
}

/// Lays out pages by the description of the first.
fn arrange(
    document: &Document,
    pages: &[usize],
    warnings: &mut Vec<String>,
) -> Result<Arrangement, ImageError> {
    let planes: Vec<Plane> = pages.iter().copied().map(Plane::of).collect();
    let page = &*document.pages[pages[0]];
    if document.pages.len() == 1
        && let Some(stack) = metamorph::arrange(document, page)?
    {
        return Ok(stack);
    }
    let description = document.description(page)?;
    if let Some(hyperstack) = Hyperstack::parse(&description) {
        let in_one_page = document.pages.len() == 1 && hyperstack.images > 1;
        let planes = if in_one_page {
            planes_of_one_page(document, page, hyperstack.images, warnings)?
        } else {
            planes.clone()
        };
        let blocks = blocks(document, page)?;
        if let Some(stack) = hyperstack.arrange(&planes, page.pixels_per_unit(document), &blocks) {
            return Ok(stack);
        }
    }
    tifffile::arrange(&description, &planes)
        .or_else(|| Arrangement::filled(&[(Axis::Z, planes.len())], &planes))
        .ok_or_else(|| {
            let count = planes.len();
            document.file.malformed(format!("it has {count} pages"))
        })
}

/// ImageJ writes stacks beyond 4 GiB as one page with the other planes behind it.
fn planes_of_one_page(
    document: &Document,
    page: &Page,
    images: usize,
    warnings: &mut Vec<String>,
) -> Result<Vec<Plane>, ImageError> {
    let room = page.extents(&document.file)?.contiguous(page);
    let has_more =
        room.is_some_and(|(offset, bytes)| document.file.holds(offset, bytes.saturating_mul(2)));
    if has_more {
        return metamorph::contiguous(document, page, images);
    }
    warnings.push(format!(
        "its ImageJ description speaks of {images} planes, the file has one"
    ));
    Ok(vec![Plane::of(0)])
}

fn blocks(document: &Document, page: &Page) -> Result<Blocks, ImageError> {
    let [Some(lengths), Some(blocks)] = &page.imagej else {
        return Ok(Blocks::default());
    };
    let file = &document.file;
    let Some(bytes) = file.value_bytes(blocks, MOST_BLOCKS_BYTES, &page.name)? else {
        return Ok(Blocks::default());
    };
    let lengths = file.numbers(lengths, &page.name)?;
    Ok(Blocks::parse(file.layout, &lengths, &bytes))
}

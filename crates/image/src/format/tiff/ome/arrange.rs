//! From the planes of an OME image to the pages of the files that have them.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::{Ome, OmeImage, PlaneMap};
use crate::axes::Axis;
use crate::format::tiff::arrangement::{Arrangement, Plane};
use crate::image::{Channel, Metadata};

/// A file by its name and its identifier, as far as they are given.
type FileKey = (Option<String>, Option<String>);

/// Finds the files of an image.
pub(in crate::format::tiff) struct Resolver<'a> {
    /// The opened file, and how many pages it has.
    path: &'a Path,
    pages: usize,
    uuid: Option<&'a str>,
    /// The files, the opened one first.
    pub(in crate::format::tiff) members: Vec<PathBuf>,
    /// The names of files that are not there.
    pub(in crate::format::tiff) missing: Vec<String>,
    known: HashMap<FileKey, Option<usize>>,
}

impl<'a> Resolver<'a> {
    /// `own` is the description that the opened file has itself.
    pub(in crate::format::tiff) fn new(path: &'a Path, pages: usize, own: &'a Ome) -> Resolver<'a> {
        Resolver {
            path,
            pages,
            uuid: own.uuid.as_deref(),
            members: vec![path.to_owned()],
            missing: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// The number of the file of a plane map; `None` if it is not there.
    ///
    /// Only names of files in the folder of the opened one and below are followed.
    fn member(&mut self, map: &PlaneMap, is_alone: bool) -> Option<usize> {
        let key = (map.file.clone(), map.uuid.clone());
        if let Some(&member) = self.known.get(&key) {
            return member;
        }
        let is_own_uuid = map.uuid.is_some() && map.uuid.as_deref() == self.uuid;
        let own_name = self.path.file_name().map(|name| name.to_string_lossy());
        let is_own_name = map.file.as_deref() == own_name.as_deref();
        let is_nameless = map.file.is_none() && map.uuid.is_none();
        let member = if is_own_uuid || is_own_name || is_nameless {
            Some(0)
        } else if let Some(path) = map.file.as_deref().and_then(|name| beside(self.path, name)) {
            self.members.push(path);
            Some(self.members.len() - 1)
        } else if is_alone {
            // The file was given another name after it was written.
            Some(0)
        } else {
            let name = map.file.as_ref().or(map.uuid.as_ref());
            self.missing.extend(name.cloned());
            None
        };
        self.known.insert(key, member);
        member
    }
}

/// The file of this name in the folder of another one or below it, if it is there.
pub(in crate::format::tiff) fn beside(path: &Path, name: &str) -> Option<PathBuf> {
    let relative = Path::new(name);
    let is_inside = !name.contains(['\\', ':'])
        && relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
    let found = path.parent()?.join(relative);
    (is_inside && found.is_file()).then_some(found)
}

impl OmeImage {
    /// The page of the opened file that the first plane is in.
    pub(in crate::format::tiff) fn first_page(&self) -> usize {
        self.plane_maps
            .first()
            .and_then(|map| map.page)
            .unwrap_or(0)
    }

    /// Lays out the pages, which have `samples` samples a pixel.
    ///
    /// # Errors
    ///
    /// Says what cannot be true about the numbers of planes.
    pub(in crate::format::tiff) fn arrange(
        &self,
        ome: &Ome,
        samples: usize,
        resolver: &mut Resolver,
    ) -> Result<Arrangement, String> {
        let channels = self.length(Axis::C);
        if !channels.is_multiple_of(samples) {
            return Err(format!(
                "its OME-XML has {channels} channels, its pages {samples} samples a pixel"
            ));
        }
        let lengths = [
            self.length(Axis::T),
            channels / samples,
            self.length(Axis::Z),
        ];
        let mut stack = Arrangement::blank(lengths).ok_or_else(|| {
            format!(
                "its OME-XML has {} time points, {} channels and {} sections",
                lengths[0], lengths[1], lengths[2]
            )
        })?;
        self.place(&mut stack, samples, resolver);
        if stack.planes.iter().all(Option::is_none) {
            return Err("its OME-XML has no plane in a file that is there".to_owned());
        }
        stack.metadata = Metadata {
            name: self.name.clone(),
            pixel_size: self.pixel_size,
            time_step: self.time_step,
            numerical_aperture: ome.aperture(self),
            channels: self.channels(channels, samples),
        };
        let is_first = ome
            .images
            .first()
            .is_some_and(|first| std::ptr::eq(first, self));
        if let Some(kept) = ome.kept.as_ref().filter(|_| is_first) {
            kept.complete(&mut stack.metadata, channels);
        }
        Ok(stack)
    }

    fn length(&self, wanted: Axis) -> usize {
        let found = self.order.iter().find(|(axis, _)| *axis == wanted);
        found.map_or(1, |(_, length)| *length)
    }

    fn place(&self, stack: &mut Arrangement, samples: usize, resolver: &mut Resolver) {
        let everything = [PlaneMap::default()];
        let maps = if self.plane_maps.is_empty() {
            &everything
        } else {
            &self.plane_maps[..]
        };
        let is_alone = maps
            .iter()
            .all(|map| map.file == maps[0].file && map.uuid == maps[0].uuid);
        let order: Vec<(Axis, usize)> = self
            .order
            .iter()
            .map(|&(axis, n)| (axis, if axis == Axis::C { n / samples } else { n }))
            .collect();
        for map in maps {
            let Some(member) = resolver.member(map, is_alone) else {
                continue;
            };
            let pages = if member == 0 {
                resolver.pages
            } else {
                map.page.unwrap_or(0).saturating_add(stack.planes.len())
            };
            let count = map
                .count
                .unwrap_or(if map.page.is_some() { 1 } else { pages });
            let mut index = map.first;
            for page in (map.page.unwrap_or(0)..pages).take(count) {
                let plane = Plane {
                    member,
                    ..Plane::of(page)
                };
                stack.set(index, plane);
                if !advance(&mut index, &order) {
                    break;
                }
            }
        }
    }

    /// One entry for each channel; none if the XML has another number of them.
    fn channels(&self, channels: usize, samples: usize) -> Vec<Channel> {
        if self.channels.len() == channels {
            return self.channels.clone();
        }
        let is_grouped = samples > 1 && self.channels.len() * samples == channels;
        if is_grouped && self.channels.len() > 1 {
            let each = |channel| std::iter::repeat_n(channel, samples);
            return self.channels.iter().cloned().flat_map(each).collect();
        }
        Vec::new()
    }
}

/// The next plane in the order of the file, `[t, c, z]`; whether there is one.
fn advance(index: &mut [usize; 3], order: &[(Axis, usize)]) -> bool {
    for &(axis, length) in order {
        let position = match axis {
            Axis::T => 0,
            Axis::C => 1,
            _ => 2,
        };
        index[position] = index[position].saturating_add(1);
        if index[position] < length {
            return true;
        }
        index[position] = 0;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrange(order: &str, inside: &str, pages: usize, samples: usize) -> Arrangement {
        let text = format!(
            "<OME UUID=\"own\"><Image><Pixels DimensionOrder=\"{order}\" SizeX=\"9\" SizeY=\"8\" \
             SizeZ=\"3\" SizeC=\"2\" SizeT=\"1\">{inside}</Pixels></Image></OME>"
        );
        let ome = Ome::parse(&text).unwrap();
        let mut resolver = Resolver::new(Path::new("nowhere/a.tif"), pages, &ome);
        ome.images[0].arrange(&ome, samples, &mut resolver).unwrap()
    }

    fn page(stack: &Arrangement, index: [usize; 3]) -> Option<usize> {
        stack.planes[stack.position(index)].map(|plane| plane.page)
    }

    #[test]
    fn pages_without_a_map_follow_the_order() {
        let stack = arrange("XYCZT", "", 6, 1);
        assert_eq!(stack.lengths, [1, 2, 3]);
        assert_eq!(page(&stack, [0, 1, 0]), Some(1));
        assert_eq!(page(&stack, [0, 0, 1]), Some(2));
    }

    #[test]
    fn plane_maps_are_followed_and_what_they_leave_out_is_blank() {
        let maps =
            "<TiffData IFD=\"0\" FirstZ=\"2\" FirstC=\"1\"/><TiffData IFD=\"1\" PlaneCount=\"2\"/>";
        let stack = arrange("XYZCT", maps, 3, 1);
        assert_eq!(page(&stack, [0, 1, 2]), Some(0));
        assert_eq!(page(&stack, [0, 0, 0]), Some(1));
        assert_eq!(page(&stack, [0, 0, 1]), Some(2));
        assert_eq!(page(&stack, [0, 0, 2]), None);
    }

    #[test]
    fn samples_of_a_page_are_channels() {
        assert_eq!(arrange("XYCZT", "", 3, 2).lengths, [1, 1, 3]);
    }

    #[test]
    fn a_renamed_file_is_known_and_a_missing_one_is_blank() {
        let map = |uuid: &str, z: usize| {
            format!(
                "<TiffData IFD=\"0\" FirstZ=\"{z}\"><UUID FileName=\"{uuid}.tif\">{uuid}</UUID>\
                 </TiffData>"
            )
        };
        assert_eq!(
            page(&arrange("XYZCT", &map("other", 0), 1, 1), [0; 3]),
            Some(0)
        );
        let two = map("own", 1) + &map("other", 0);
        let stack = arrange("XYZCT", &two, 1, 1);
        assert_eq!(page(&stack, [0, 0, 1]), Some(0));
        assert_eq!(page(&stack, [0, 0, 0]), None);
    }

    #[test]
    fn names_outside_of_the_folder_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in/a.tif");
        std::fs::create_dir(folder.path().join("in")).unwrap();
        for name in ["in/b.tif", "c.tif"] {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        assert!(beside(&path, "b.tif").is_some());
        for name in [
            "../c.tif",
            "/etc/passwd",
            "..\\c.tif",
            "C:\\c.tif",
            "none.tif",
        ] {
            assert_eq!(beside(&path, name), None, "{name}");
        }
    }
}

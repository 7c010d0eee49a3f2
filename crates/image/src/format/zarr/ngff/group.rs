//! The attributes of a Zarr group.

use serde_json::{Map, Value};

use crate::error::ImageError;
use crate::format::zarr::store::{Location, Part};

/// A group and its attributes.
pub(in crate::format::zarr) struct Group {
    pub(in crate::format::zarr) at: Location,
    /// All attributes.
    pub(in crate::format::zarr) attributes: Value,
    /// The file that holds them.
    pub(in crate::format::zarr) file: &'static str,
}

impl Group {
    /// The group in a folder, if there is one.
    pub(in crate::format::zarr) fn read(at: &Location) -> Result<Option<Group>, ImageError> {
        if let Some(mut json) = at.json("zarr.json")? {
            if json["node_type"] != "group" {
                return Ok(None);
            }
            return Ok(Some(Group {
                at: at.clone(),
                attributes: json["attributes"].take(),
                file: "zarr.json",
            }));
        }
        // An array may have attributes as well.
        let array = at.store.get_part(&at.key(".zarray"), Part::At(0, 1));
        if at.read(array, ".zarray")?.is_some() {
            return Ok(None);
        }
        let attributes = at.json(".zattrs")?;
        if attributes.is_none() && at.json(".zgroup")?.is_none() {
            return Ok(None);
        }
        Ok(Some(Group {
            at: at.clone(),
            attributes: attributes.unwrap_or_else(|| Value::Object(Map::new())),
            file: ".zattrs",
        }))
    }

    /// The attributes of OME-Zarr; since version 0.5 they have a place of their own.
    pub(in crate::format::zarr) fn ome(&self) -> &Value {
        match &self.attributes["ome"] {
            Value::Null => &self.attributes,
            ome => ome,
        }
    }

    /// Refuses versions of OME-Zarr whose metadata mean something else.
    pub(super) fn check_version(&self) -> Result<(), ImageError> {
        let ome = self.ome();
        let places = [
            &ome["version"],
            &ome["multiscales"][0]["version"],
            &ome["plate"]["version"],
            &ome["well"]["version"],
        ];
        let Some(version) = places.iter().find_map(|version| version.as_str()) else {
            return Ok(());
        };
        let mut numbers = version.split(|letter: char| !letter.is_ascii_digit());
        let is_known = numbers.next() == Some("0")
            && numbers
                .next()
                .is_some_and(|minor| ["1", "2", "3", "4", "5"].contains(&minor));
        if is_known {
            return Ok(());
        }
        Err(self.at.unsupported(
            self.file,
            format!("is of OME-Zarr {version}"),
            "write the image as OME-Zarr 0.4 or 0.5; those versions are read",
        ))
    }
}

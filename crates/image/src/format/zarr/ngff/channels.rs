//! `omero`: the names, colours and windows of channels.

use serde_json::{Value, json};

use crate::dtype::DType;
use crate::image::Channel;

/// The channels, if there is one entry for each.
pub(in crate::format::zarr) fn read_channels(omero: &Value, count: usize) -> Vec<Channel> {
    let Some(list) = omero["channels"]
        .as_array()
        .filter(|list| list.len() == count)
    else {
        return Vec::new();
    };
    let channel = |json: &Value| Channel {
        name: json["label"].as_str().unwrap_or_default().to_owned(),
        color: json["color"].as_str().and_then(color),
        window: match (
            json["window"]["start"].as_f64(),
            json["window"]["end"].as_f64(),
        ) {
            (Some(start), Some(end)) => Some([start, end]),
            _ => None,
        },
        excitation: None,
        emission: None,
    };
    list.iter().map(channel).collect()
}

/// Six hexadecimal digits, or eight with the opacity at the end.
fn color(text: &str) -> Option<[u8; 3]> {
    let digits = text.trim_start_matches('#');
    if !matches!(digits.len(), 6 | 8) || !digits.is_ascii() {
        return None;
    }
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// The attribute; a channel that lacks a colour or window gets white or the range of the type,
/// because both are demanded.
pub(in crate::format::zarr) fn write_channels(channels: &[Channel], dtype: DType) -> Value {
    let [least, most] = range(dtype);
    let channel = |channel: &Channel| {
        let [red, green, blue] = channel.color.unwrap_or([255; 3]);
        let is_finite = |window: &[f64; 2]| window.iter().all(|value| value.is_finite());
        let [start, end] = channel.window.filter(is_finite).unwrap_or([least, most]);
        json!({
            "label": channel.name,
            "color": format!("{red:02X}{green:02X}{blue:02X}"),
            "active": true,
            "window": {"min": least.min(start), "max": most.max(end), "start": start, "end": end},
        })
    };
    json!({ "channels": channels.iter().map(channel).collect::<Vec<_>>() })
}

/// What samples of a type can be; floating-point images usually lie between 0 and 1.
fn range(dtype: DType) -> [f64; 2] {
    dtype.range().unwrap_or([0.0, 1.0])
}

//! OME-XML as the description of a TIFF file of four pages.
#![no_main]

/// Type codes of TIFF.
const ASCII: u16 = 2;
const LONG: u16 = 4;
const PAGES: u32 = 4;
const TAGS: u32 = 8;
/// The bytes of a directory, with the 64 samples of its page behind it.
const DIRECTORY: u32 = 2 + 12 * TAGS + 4 + 64;

libfuzzer_sys::fuzz_target!(|xml: &[u8]| harness::image_file("ome.tif", &tiff(xml)));

/// A file of 8 by 8 pixels a page, in small and simple parts.
fn tiff(xml: &[u8]) -> Vec<u8> {
    let text = 8 + PAGES * DIRECTORY;
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    for page in 1..=PAGES {
        let end = 8 + page * DIRECTORY;
        // A text of up to four bytes would be in the entry itself, so only longer ones are texts.
        let length = if page == 1 { xml.len() as u32 + 5 } else { 5 };
        let description = if page == 1 {
            text
        } else {
            text + xml.len() as u32
        };
        file.extend((TAGS as u16).to_le_bytes());
        for (tag, kind, count, value) in [
            (256u16, LONG, 1, 8),
            (257, LONG, 1, 8),
            (258, LONG, 1, 8),
            (259, LONG, 1, 1),
            (262, LONG, 1, 1),
            (270, ASCII, length, description),
            (273, LONG, 1, end - 64),
            (279, LONG, 1, 64),
        ] {
            file.extend(tag.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend(count.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        let next = if page < PAGES { end } else { 0 };
        file.extend(next.to_le_bytes());
        file.extend([page as u8; 64]);
    }
    file.extend(xml);
    file.extend(b"    \0");
    file
}

//! Writing directories in little-endian order.

/// The fields of one page.
#[derive(Default)]
pub(super) struct Fields {
    fields: Vec<Field>,
}

struct Field {
    tag: u16,
    kind: u16,
    count: u64,
    bytes: Vec<u8>,
}

impl Fields {
    pub(super) fn shorts(&mut self, tag: u16, values: &[u16]) {
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.add(tag, 3, values.len(), bytes);
    }

    pub(super) fn long(&mut self, tag: u16, value: usize) {
        self.longs(tag, &[value as u32]);
    }

    pub(super) fn longs(&mut self, tag: u16, values: &[u32]) {
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.add(tag, 4, values.len(), bytes);
    }

    /// Offsets and lengths, of 64 bits in `BigTIFF`.
    pub(super) fn offsets(&mut self, tag: u16, values: &[u64], is_big: bool) {
        if is_big {
            let bytes = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            self.add(tag, 16, values.len(), bytes);
        } else {
            let values: Vec<u32> = values.iter().map(|&value| value as u32).collect();
            self.longs(tag, &values);
        }
    }

    pub(super) fn text(&mut self, tag: u16, text: &str) {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        self.add(tag, 2, bytes.len(), bytes);
    }

    pub(super) fn bytes(&mut self, tag: u16, bytes: Vec<u8>) {
        self.add(tag, 1, bytes.len(), bytes);
    }

    pub(super) fn fraction(&mut self, tag: u16, [n, d]: [u32; 2]) {
        let bytes = [n.to_le_bytes(), d.to_le_bytes()].concat();
        self.add(tag, 5, 1, bytes);
    }

    fn add(&mut self, tag: u16, kind: u16, count: usize, bytes: Vec<u8>) {
        self.fields.push(Field {
            tag,
            kind,
            count: count as u64,
            bytes,
        });
    }
}

/// Directories one after the other.
pub(super) struct Directories {
    /// Where they begin in the file.
    start: u64,
    is_big: bool,
    pub(super) bytes: Vec<u8>,
    /// Where in `bytes` the offset of the next directory of the main chain goes.
    open_end: Option<usize>,
    /// The first directory of the main chain.
    pub(super) first: u64,
}

impl Directories {
    pub(super) fn new(start: u64, is_big: bool) -> Directories {
        Directories {
            start,
            is_big,
            bytes: Vec::new(),
            open_end: None,
            first: 0,
        }
    }

    /// Adds a directory to the main chain.
    pub(super) fn add_page(&mut self, fields: Fields) {
        let offset = self.add(fields);
        let size = self.offset_bytes();
        match self.open_end {
            Some(place) => {
                self.bytes[place..place + size].copy_from_slice(&offset.to_le_bytes()[..size]);
            }
            None => self.first = offset,
        }
        self.open_end = Some(self.bytes.len() - self.offset_bytes());
    }

    /// Adds a directory and says where it is.
    pub(super) fn add(&mut self, mut fields: Fields) -> u64 {
        fields.fields.sort_by_key(|field| field.tag);
        // Values that do not fit into their fields go before the directory.
        let mut table = Vec::new();
        for field in &fields.fields {
            table.extend(field.tag.to_le_bytes());
            table.extend(field.kind.to_le_bytes());
            self.put_offset(&mut table, field.count);
            if field.bytes.len() <= self.offset_bytes() {
                table.extend(&field.bytes);
                table.resize(table.len() + self.offset_bytes() - field.bytes.len(), 0);
            } else {
                self.align();
                self.put_offset(&mut table, self.start + self.bytes.len() as u64);
                self.bytes.extend(&field.bytes);
            }
        }
        self.align();
        let offset = self.start + self.bytes.len() as u64;
        let count = fields.fields.len() as u64;
        let count_bytes = if self.is_big { 8 } else { 2 };
        self.bytes.extend(&count.to_le_bytes()[..count_bytes]);
        self.bytes.extend(table);
        self.bytes.resize(self.bytes.len() + self.offset_bytes(), 0);
        offset
    }

    fn put_offset(&self, table: &mut Vec<u8>, value: u64) {
        table.extend(&value.to_le_bytes()[..self.offset_bytes()]);
    }

    /// Values begin at even places.
    fn align(&mut self) {
        let length = self.bytes.len().next_multiple_of(8);
        self.bytes.resize(length, 0);
    }

    fn offset_bytes(&self) -> usize {
        if self.is_big { 8 } else { 4 }
    }
}

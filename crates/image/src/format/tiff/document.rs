//! One file with the list of its pages.

use std::path::Path;
use std::sync::Arc;

use super::directory::Scan;
use super::file::TiffFile;
use super::page::Page;
use crate::error::ImageError;

/// More smaller copies than any page has.
const MOST_COPIES: u64 = 64;

/// A file and what its directories say, without pixels.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) file: TiffFile,
    pub(super) pages: Vec<Arc<Page>>,
}

impl Document {
    /// Reads all directories of the main chain.
    pub(super) fn open(path: &Path) -> Result<Document, ImageError> {
        Document::read(TiffFile::open(path)?)
    }

    /// As [`Document::open`], of a file that is one of many.
    pub(super) fn open_member(path: &Path) -> Result<Document, ImageError> {
        let document = Document::open(path)?;
        Ok(Document {
            file: document.file.closed(),
            ..document
        })
    }

    fn read(file: TiffFile) -> Result<Document, ImageError> {
        let mut pages = Vec::new();
        let mut scan = Scan::new(&file);
        let mut next = file.first;
        loop {
            let name = format!("page {}", pages.len() + 1);
            let (directory, following) = scan.directory(next, name)?;
            pages.push(Arc::new(Page::read(&file, &directory)?));
            if following == 0 {
                break;
            }
            next = following;
        }
        for page in pages.first().into_iter().chain(pages.last()) {
            page.check_end(&file)?;
        }
        drop(scan);
        Ok(Document { file, pages })
    }

    /// The number of smaller copies of a page that are in directories of its own.
    pub(super) fn copies(page: &Page) -> usize {
        let count = page.sub_directories.map_or(0, |entry| entry.count);
        count.min(MOST_COPIES) as usize
    }

    /// A page in a directory of another page's own.
    pub(super) fn copy(&self, page: &Page, number: usize) -> Result<Page, ImageError> {
        let name = format!("{}, smaller copy {}", page.name, number + 1);
        let Some(entry) = page.sub_directories else {
            return Err(self.file.malformed(format!("there is no {name}")));
        };
        let offset = self.file.number_at(&entry, number as u64, &page.name)?;
        let (directory, _) = Scan::new(&self.file).directory(offset, name)?;
        Page::read(&self.file, &directory)
    }

    /// The text that describes a page.
    pub(super) fn description(&self, page: &Page) -> Result<String, ImageError> {
        match &page.description {
            Some(entry) => self.file.text(entry, &page.name),
            None => Ok(String::new()),
        }
    }
}

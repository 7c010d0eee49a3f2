//! From the parser's marks to places in the text, and its complaints in plain words.

use saphyr_parser::{Marker, ScanError, Span};

use super::{Fault, KeyPath, Origin};

/// Turns the parser's marks into lines, columns and byte offsets.
pub(super) struct LineStarts<'a> {
    file: &'a str,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineStarts<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(offset, _)| offset + 1);
        Self {
            file,
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    fn offset(&self, mark: &Marker) -> usize {
        let line = mark.line().saturating_sub(1);
        let Some(&start) = self.starts.get(line) else {
            return self.text.len();
        };
        let rest = &self.text[start..];
        rest.char_indices()
            .nth(mark.col())
            .map_or(self.text.len(), |(offset, _)| start + offset)
    }

    /// A span over several lines is cut at the end of its first.
    pub(super) fn origin(&self, span: Span) -> Origin {
        let offset = self.offset(&span.start);
        let line_length = self.text[offset..]
            .find(['\n', '\r'])
            .unwrap_or(self.text.len() - offset);
        let length = self
            .offset(&span.end)
            .saturating_sub(offset)
            .min(line_length);
        Origin::File {
            file: self.file.to_owned(),
            line: span.start.line(),
            column: span.start.col() + 1,
            offset,
            length,
        }
    }

    pub(super) fn syntax(&self, error: &ScanError) -> Fault {
        let origin = self.origin(Span::empty(*error.marker()));
        let (problem, allowed) = explain(error.info());
        let fault = Fault::new(origin, &KeyPath::root(), problem);
        match allowed {
            Some(allowed) => fault.allowed(allowed),
            None => fault,
        }
    }
}

/// The commonest slips in the words of someone who does not know the grammar.
fn explain(info: &str) -> (String, Option<&'static str>) {
    let (problem, allowed) = if info.contains("tab") {
        ("a tab is used as indentation", "spaces")
    } else if info.contains("mapping values are not allowed") || info.contains("':'") {
        (
            "a `:` is not expected here",
            "one `key: value` in a line, indented like its neighbours; quotes around text with `: `",
        )
    } else if info.contains("did not find expected key") || info.contains("indentation") {
        (
            "this line does not fit its neighbours",
            "the same indentation as the keys beside it",
        )
    } else if info.contains("quoted scalar") && info.contains("end of stream") {
        (
            "the quote that opens here is never closed",
            "a closing quote of the same kind",
        )
    } else if info.contains("flow sequence") {
        (
            "a list in brackets is not closed, or lacks a comma",
            "`[first, second]`",
        )
    } else if info.contains("flow mapping") {
        (
            "a mapping in braces is not closed, or lacks a comma",
            "`{first: 1, second: 2}`",
        )
    } else if info.contains("unknown anchor") {
        (
            "an alias (`*name`) names no anchor",
            "quotes around text that starts with `*`",
        )
    } else {
        return (format!("the text is not valid YAML: {info}"), None);
    };
    (problem.to_owned(), Some(allowed))
}

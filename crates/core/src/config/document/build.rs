//! From parser events to a [`Document`].

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

use super::lines::LineStarts;
use super::scalar;
use super::{Document, Fault, KeyPath, Origin, Place};

/// Nested lists and mappings allowed in a config; deeper text is an accident or an attack.
const MAX_DEPTH: usize = 64;
/// Values allowed in a config, those repeated by aliases included.
const MAX_VALUES: usize = 100_000;

pub(super) fn build(file: &str, text: &str) -> Result<Document, Box<Fault>> {
    let mut builder = Builder {
        lines: LineStarts::new(file, text),
        open: Vec::new(),
        root: None,
        places: BTreeMap::new(),
        faults: Vec::new(),
        anchors: HashMap::new(),
        values: 0,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.lines.syntax(&error))?;
        builder.take(event, span)?;
    }
    let value = builder.root.take().ok_or_else(|| {
        let origin = builder.lines.origin(Span::empty(Marker::new(0, 1, 0)));
        Fault::new(origin, &KeyPath::root(), "the config is empty")
            .allowed("settings as `key: value` lines")
    })?;
    Ok(Document {
        file: file.to_owned(),
        text: text.to_owned(),
        value,
        places: builder.places,
        faults: builder.faults,
    })
}

/// A mapping or list that is not closed yet.
struct Open {
    path: KeyPath,
    anchor: usize,
    content: Content,
}

enum Content {
    Mapping {
        map: Map<String, Value>,
        key: Option<(String, Origin)>,
    },
    List(Vec<Value>),
}

struct Builder<'a> {
    lines: LineStarts<'a>,
    open: Vec<Open>,
    root: Option<Value>,
    places: BTreeMap<KeyPath, Place>,
    faults: Vec<Fault>,
    /// The value of each anchor and how many values it holds.
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Box<Fault>> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                let fault = self.fault(span, "a second document starts here");
                Err(fault
                    .allowed("one document in a file; remove the line `---`")
                    .into())
            }
            Event::Scalar(.., Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                let fault = self.fault(span, "a YAML tag (`!name`) stands here");
                Err(fault.allowed("plain values without tags").into())
            }
            Event::Scalar(text, style, anchor, None) => self.scalar(&text, style, anchor, span),
            Event::SequenceStart(anchor, None) => {
                self.start(Content::List(Vec::new()), anchor, span)
            }
            Event::MappingStart(anchor, None) => self.start(
                Content::Mapping {
                    map: Map::new(),
                    key: None,
                },
                anchor,
                span,
            ),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn fault(&self, span: Span, problem: &str) -> Fault {
        let path = self
            .open
            .last()
            .map_or_else(KeyPath::root, |open| open.path.clone());
        Fault::new(self.lines.origin(span), &path, problem)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
    ) -> Result<(), Box<Fault>> {
        if self.awaits_key() {
            return self.key(text, span);
        }
        let value = if style == ScalarStyle::Plain {
            scalar::resolve(text).map_err(|_not_finite| {
                self.fault(span, &format!("`{text}` has no finite value"))
                    .allowed("a finite number")
            })?
        } else {
            Value::String(text.to_owned())
        };
        let origin = self.lines.origin(span);
        self.put(value, 1, anchor, origin, span)
    }

    fn awaits_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                content: Content::Mapping { key: None, .. },
                ..
            })
        )
    }

    fn key(&mut self, text: &str, span: Span) -> Result<(), Box<Fault>> {
        let origin = self.lines.origin(span);
        if text.is_empty() {
            return Err(self.fault(span, "a key is missing before `:`").into());
        }
        let Some(Open {
            path,
            content: Content::Mapping { map, key },
            ..
        }) = self.open.last_mut()
        else {
            return Ok(());
        };
        if map.contains_key(text) {
            let path = path.key(text);
            let first = self.places.get(&path).and_then(|place| place.key.as_ref());
            let problem = match first {
                Some(Origin::File { line, .. }) => {
                    format!("`{path}` is given twice, first on line {line}")
                }
                _ => format!("`{path}` is given twice"),
            };
            self.faults.push(
                Fault::new(origin.clone(), &path, problem).allowed("each key once in a mapping"),
            );
        }
        *key = Some((text.to_owned(), origin));
        Ok(())
    }

    fn start(&mut self, content: Content, anchor: usize, span: Span) -> Result<(), Box<Fault>> {
        if self.awaits_key() {
            return Err(self
                .fault(span, "a list or mapping stands where a key is expected")
                .into());
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self
                .fault(span, &format!("more than {MAX_DEPTH} levels are nested"))
                .into());
        }
        let path = self.next_path();
        let key = self.pending_key();
        self.places.insert(
            path.clone(),
            Place {
                key,
                value: self.lines.origin(span),
            },
        );
        self.open.push(Open {
            path,
            anchor,
            content,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Box<Fault>> {
        let Some(Open {
            path,
            anchor,
            content,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let value = match content {
            Content::Mapping { map, .. } => Value::Object(map),
            Content::List(items) => Value::Array(items),
        };
        let origin = match self.places.get(&path) {
            Some(place) => place.value.clone(),
            None => self.lines.origin(span),
        };
        self.put(value, 1, anchor, origin, span)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Box<Fault>> {
        if self.awaits_key() {
            return Err(self
                .fault(span, "an alias stands where a key is expected")
                .into());
        }
        let Some((value, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(self
                .fault(span, "an alias stands inside the value that it names")
                .into());
        };
        let origin = self.lines.origin(span);
        self.put(value, size, 0, origin, span)
    }

    /// Where the next value goes.
    fn next_path(&self) -> KeyPath {
        match self.open.last() {
            None => KeyPath::root(),
            Some(Open {
                path,
                content: Content::List(items),
                ..
            }) => path.index(items.len()),
            Some(Open {
                path,
                content: Content::Mapping { key, .. },
                ..
            }) => match key {
                Some((name, _)) => path.key(name),
                None => path.clone(),
            },
        }
    }

    fn pending_key(&self) -> Option<Origin> {
        match self.open.last() {
            Some(Open {
                content:
                    Content::Mapping {
                        key: Some((_, origin)),
                        ..
                    },
                ..
            }) => Some(origin.clone()),
            _ => None,
        }
    }

    fn put(
        &mut self,
        value: Value,
        size: usize,
        anchor: usize,
        origin: Origin,
        span: Span,
    ) -> Result<(), Box<Fault>> {
        self.values += size;
        if self.values > MAX_VALUES {
            return Err(self
                .fault(
                    span,
                    &format!("the config holds more than {MAX_VALUES} values"),
                )
                .into());
        }
        if anchor > 0 {
            let size = count(&value);
            self.anchors.insert(anchor, (value.clone(), size));
        }
        let key = self.pending_key();
        // A key without a value has nothing to point at but itself.
        let value_origin = match (&value, &key) {
            (Value::Null, Some(key)) => key.clone(),
            _ => origin,
        };
        let path = self.next_path();
        self.places.insert(
            path,
            Place {
                key,
                value: value_origin,
            },
        );
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open {
                content: Content::List(items),
                ..
            }) => items.push(value),
            Some(Open {
                content: Content::Mapping { map, key },
                ..
            }) => {
                if let Some((name, _)) = key.take() {
                    map.insert(name, value);
                }
            }
        }
        Ok(())
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

//! The instructions of a pickle, counted and not followed.

use std::{
    collections::HashMap,
    io::{self, BufRead, Read},
};

/// Instructions that the pickles of a file may have together. A tensor takes about 25, so that this
/// is enough for 100 000; each makes an object of at most some hundred bytes.
pub(super) const MOST_INSTRUCTIONS: u64 = 4_000_000;
/// Longest text that can be the name of a module or a function.
const LONGEST_NAME: u64 = 256;

/// What Python would reach the system, or run text as a program, through.
const MODULES: [&str; 13] = [
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "shutil",
    "socket",
    "runpy",
    "importlib",
    "ctypes",
    "pty",
    "webbrowser",
    "multiprocessing",
];
/// The same among the functions that need no module.
const FUNCTIONS: [&str; 9] = [
    "eval",
    "exec",
    "execfile",
    "compile",
    "open",
    "__import__",
    "input",
    "breakpoint",
    "globals",
];

/// Why a pickle is not to be followed.
pub(super) enum PickleFault {
    /// It names something that runs code.
    Code(String),
    /// It is no pickle, or cut off, or too long.
    Damaged(String),
}

impl From<io::Error> for PickleFault {
    fn from(error: io::Error) -> Self {
        Self::Damaged(match error.kind() {
            io::ErrorKind::UnexpectedEof => "its pickle is cut off".to_owned(),
            _ => format!("its pickle cannot be read ({error})"),
        })
    }
}

/// Goes through the instructions of one pickle, up to and with its end.
pub(super) fn inspect(reader: &mut impl BufRead, budget: &mut u64) -> Result<(), PickleFault> {
    let mut names = Names::default();
    loop {
        *budget = budget.checked_sub(1).ok_or_else(|| {
            PickleFault::Damaged(format!(
                "its pickle has more than {MOST_INSTRUCTIONS} instructions"
            ))
        })?;
        let [instruction] = bytes(reader)?;
        match instruction {
            b'.' => return Ok(()),
            // GLOBAL and INST name what they call; STACK_GLOBAL takes the last two texts.
            b'c' | b'i' => {
                let (module, name) = (line(reader)?, line(reader)?);
                refuse_code(&module, &name)?;
            }
            0x93 => {
                let [module, name] = &names.last;
                refuse_code(module, name)?;
            }
            0x94 => names.keep_next(),
            b'q' => names.keep(u32::from(u8::from_le_bytes(bytes(reader)?))),
            b'r' => names.keep(u32::from_le_bytes(bytes(reader)?)),
            b'h' => names.recall(u32::from(u8::from_le_bytes(bytes(reader)?))),
            b'j' => names.recall(u32::from_le_bytes(bytes(reader)?)),
            other => match argument(other) {
                Some(Argument::Nothing) => {}
                Some(Argument::Bytes(count)) => skip(reader, count)?,
                Some(Argument::Line) => drop(line(reader)?),
                Some(Argument::Data(width)) => {
                    let length = length(reader, width)?;
                    skip(reader, length)?;
                }
                Some(Argument::Text(width)) => names.push(text(reader, width)?),
                None => {
                    return Err(PickleFault::Damaged(format!(
                        "its pickle has the byte 0x{other:02x} where an instruction is expected"
                    )));
                }
            },
        }
    }
}

/// What follows an instruction.
enum Argument {
    Nothing,
    /// So many bytes.
    Bytes(u64),
    /// Text to the end of the line.
    Line,
    /// Bytes, behind their number in a field of this width.
    Data(usize),
    /// Text, likewise.
    Text(usize),
}

fn argument(instruction: u8) -> Option<Argument> {
    Some(match instruction {
        b'('
        | b'0'
        | b'1'
        | b'2'
        | b'N'
        | b'R'
        | b'b'
        | b'd'
        | b'l'
        | b's'
        | b't'
        | b'a'
        | b')'
        | b']'
        | b'}'
        | b'e'
        | b'u'
        | b'Q'
        | b'o'
        | 0x81
        | 0x85..=0x89
        | 0x8f..=0x92
        | 0x97
        | 0x98 => Argument::Nothing,
        b'K' | 0x80 | 0x82 => Argument::Bytes(1),
        b'M' | 0x83 => Argument::Bytes(2),
        b'J' | 0x84 => Argument::Bytes(4),
        b'G' | 0x95 => Argument::Bytes(8),
        b'I' | b'L' | b'F' | b'S' | b'V' | b'P' | b'g' | b'p' => Argument::Line,
        b'C' | 0x8a => Argument::Data(1),
        b'B' | 0x8b => Argument::Data(4),
        0x8e | 0x96 => Argument::Data(8),
        b'U' | 0x8c => Argument::Text(1),
        b'T' | b'X' => Argument::Text(4),
        0x8d => Argument::Text(8),
        _ => return None,
    })
}

/// The texts that a name may be put together from.
#[derive(Default)]
struct Names {
    /// The last two.
    last: [String; 2],
    /// Those that the pickle keeps for later, by number.
    kept: HashMap<u32, String>,
    /// The number of the next thing that is kept without one.
    next: u32,
    /// Whether the last instruction made a text.
    is_fresh: bool,
}

impl Names {
    fn push(&mut self, text: String) {
        self.last.rotate_left(1);
        self.last[1] = text;
        self.is_fresh = true;
    }

    fn keep_next(&mut self) {
        self.keep(self.next);
        self.next = self.next.wrapping_add(1);
    }

    fn keep(&mut self, number: u32) {
        if self.is_fresh {
            self.kept.insert(number, self.last[1].clone());
        } else {
            self.kept.remove(&number);
        }
        self.is_fresh = false;
    }

    fn recall(&mut self, number: u32) {
        if let Some(text) = self.kept.get(&number).cloned() {
            self.push(text);
            self.is_fresh = false;
        }
    }
}

fn refuse_code(module: &str, name: &str) -> Result<(), PickleFault> {
    let root = module.split('.').next().unwrap_or_default();
    let function = name.split('.').next().unwrap_or_default();
    let is_builtin = matches!(root, "builtins" | "__builtin__") && FUNCTIONS.contains(&function);
    if is_builtin || MODULES.contains(&root) {
        return Err(PickleFault::Code(format!("{module}.{name}")));
    }
    Ok(())
}

fn bytes<const N: usize>(reader: &mut impl BufRead) -> Result<[u8; N], PickleFault> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn line(reader: &mut impl BufRead) -> Result<String, PickleFault> {
    let mut line = Vec::new();
    reader
        .take(LONGEST_NAME << 8)
        .read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(PickleFault::Damaged("its pickle is cut off".to_owned()));
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn length(reader: &mut impl BufRead, width: usize) -> Result<u64, PickleFault> {
    let mut field = [0; 8];
    reader.read_exact(&mut field[..width])?;
    Ok(u64::from_le_bytes(field))
}

fn skip(reader: &mut impl BufRead, count: u64) -> Result<(), PickleFault> {
    let skipped = io::copy(&mut reader.take(count), &mut io::sink())?;
    if skipped < count {
        return Err(PickleFault::Damaged("its pickle is cut off".to_owned()));
    }
    Ok(())
}

/// A text; one that is too long for a name is passed over.
fn text(reader: &mut impl BufRead, width: usize) -> Result<String, PickleFault> {
    let length = length(reader, width)?;
    if length > LONGEST_NAME {
        skip(reader, length)?;
        return Ok(String::new());
    }
    let mut text = vec![0; length as usize];
    reader.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

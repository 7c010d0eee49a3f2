//! Lists of pairs: CSV files with the columns `source_path`, `target_path` and perhaps
//! `costmap_path`, UTF-8 with or without a byte order mark, an empty cell for an absent file.

use crate::case::{Case, Failure, Outcome, Run};

const COLUMNS: [&str; 3] = ["source_path", "target_path", "costmap_path"];

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    (name == "table_samples").then_some(pairs)
}

fn pairs(case: &Case) -> Result<Outcome, Failure> {
    let path = case.folder.join(case.param::<String>("file")?);
    let fault = |error: csv::Error| Failure::Case(error.to_string());
    let mut reader = csv::Reader::from_path(path).map_err(fault)?;
    let header = reader.headers().map_err(fault)?.clone();
    let place = |column: &str| header.iter().position(|name| name == column);
    if COLUMNS[..2].iter().any(|column| place(column).is_none()) {
        return Err(Failure::Case(format!("has the columns {header:?}")));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(fault)?;
        rows.push(COLUMNS.map(|column| {
            let cell = place(column).and_then(|place| record.get(place));
            cell.unwrap_or_default().to_owned()
        }));
    }
    let expected: Vec<[String; 3]> = case.expected("rows")?;
    if rows == expected {
        return Ok(Outcome::default());
    }
    Err(Failure::Case(format!(
        "has {rows:?}, expected {expected:?}"
    )))
}

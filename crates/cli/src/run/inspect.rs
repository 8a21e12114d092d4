//! `candela inspect`: what a captured file is, and what Candela reads in it.
//!
//! With `--output json` one object for each file, one a line; the shape is a
//! contract: `file`, `kind`, `hints`, `records` (family to count), `skips`,
//! and `typed` (family to records) with `--records`; `error` where the kind
//! cannot be told or the file cannot be read.

use crate::args::{Common, Format, InspectArgs};
use crate::output::{self, Row};
use anyhow::Result;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use stdx::reading::{Collected, Kind, Sample};

/// Bytes that are looked at to tell the kind.
const HEAD: usize = 64 * 1024;

/// Inspects each file; exit status 1 if one could not be told or read.
pub fn run(args: &InspectArgs, common: &Common) -> Result<ExitCode> {
    if args.kinds {
        return kinds(common);
    }
    let mut all_read = true;
    for file in &args.files {
        let outcome = read(file, args);
        all_read &= outcome.is_ok();
        show(file, outcome, args, common)?;
    }
    Ok(if all_read {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn kinds(common: &Common) -> Result<ExitCode> {
    let mut all = platform::inspect::all();
    all.sort_by_key(|kind| kind.name);
    if common.output.is_table() {
        let rows: Vec<Row> = all
            .iter()
            .map(|k| vec![k.name.to_owned(), k.about.to_owned()])
            .collect();
        output::say(&output::Screen::standard().table(&["KIND", "WHAT PRINTS IT~"], rows))?;
    } else {
        let list: Vec<Value> = all
            .iter()
            .map(|k| json!({"kind": k.name, "about": k.about}))
            .collect();
        output::data(common.output, &list)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path, args: &InspectArgs) -> Result<(&'static Kind, Collected), String> {
    let is_stdin = file.as_os_str() == "-";
    let bytes = if is_stdin {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        read.map(|_| bytes)
            .map_err(|error| format!("could not read standard input: {error}"))?
    } else {
        std::fs::read(file).map_err(|error| format!("could not read it: {error}"))?
    };
    let name = if is_stdin {
        ""
    } else {
        file.file_name().and_then(|n| n.to_str()).unwrap_or("")
    };
    let kind = if let Some(wanted) = &args.kind {
        platform::inspect::by_name(wanted).ok_or_else(|| {
            format!("no kind is named {wanted:?}; `candela inspect --kinds` lists them")
        })?
    } else {
        let sample = Sample {
            name,
            head: &bytes[..bytes.len().min(HEAD)],
        };
        platform::inspect::guess(sample)
            .map(|(kind, _)| kind)
            .ok_or_else(|| {
                "its kind cannot be told; name it with --as (`candela inspect --kinds` lists them)"
                    .to_owned()
            })?
    };
    let mut sink = if args.records {
        Collected::with_records()
    } else {
        Collected::counting()
    };
    platform::inspect::read(kind, &bytes, &mut sink);
    Ok((kind, sink))
}

fn show(
    file: &Path,
    outcome: Result<(&'static Kind, Collected), String>,
    args: &InspectArgs,
    common: &Common,
) -> Result<()> {
    let file = file.display().to_string();
    if common.output.is_table() {
        return match outcome {
            Ok((kind, found)) => output::say(&text(&file, kind, &found)),
            Err(reason) => {
                eprintln!("{file}: {reason}");
                Ok(())
            }
        };
    }
    let object = match outcome {
        Ok((kind, found)) => {
            let mut object = json!({
                "file": file,
                "kind": kind.name,
                "hints": found.hints,
                "records": found.counts,
                "skips": found.skips,
            });
            if args.records {
                object["typed"] = json!(found.records);
            }
            object
        }
        Err(reason) => json!({
            "file": file, "kind": null, "hints": [], "records": {}, "skips": [], "error": reason,
        }),
    };
    match common.output {
        Format::Yaml => output::data(common.output, &[object]),
        _ => output::say(&object.to_string()),
    }
}

fn text(file: &str, kind: &Kind, found: &Collected) -> String {
    let mut text = format!("{file}: {} ({})", kind.name, kind.about);
    for hint in &found.hints {
        text.push_str(&format!("\n  hint: {hint}"));
    }
    for (family, count) in &found.counts {
        text.push_str(&format!("\n  {count:>8}  {family}"));
    }
    if found.counts.is_empty() {
        text.push_str("\n  no records");
    }
    for skip in &found.skips {
        text.push_str(&format!("\n  line {}: skipped: {}", skip.line, skip.reason));
    }
    for (family, records) in &found.records {
        for record in records {
            text.push_str(&format!("\n{family} {record}"));
        }
    }
    text
}

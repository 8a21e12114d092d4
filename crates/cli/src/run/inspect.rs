//! `candela inspect`: what a captured file is, and what Candela reads in it.
//!
//! With `--output json` one object for each file, one a line; the shape is a
//! contract: `file`, `kind`, `hints`, `records` (family to count), `skips`,
//! and `typed` (family to records) with `--records`; `error` where the kind
//! cannot be told or the file cannot be read.

use crate::args::{Common, Format, InspectArgs};
use crate::output::{self, Row};
use anyhow::Result;
use lustre::param::stream::Feeder;
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

/// Bytes that are held at most of an input that can be read in chunks.
const WHOLE_MAX: u64 = 4 << 20;

fn read(file: &Path, args: &InspectArgs) -> Result<(&'static Kind, Collected), String> {
    let is_stdin = file.as_os_str() == "-";
    let name = file.file_name().and_then(|n| n.to_str());
    let name = name.filter(|_| !is_stdin).unwrap_or("");
    if is_stdin {
        return read_from(&mut std::io::stdin().lock(), name, args);
    }
    let mut input =
        std::fs::File::open(file).map_err(|error| format!("could not read it: {error}"))?;
    read_from(&mut input, name, args)
}

fn read_from(
    input: &mut dyn Read,
    name: &str,
    args: &InspectArgs,
) -> Result<(&'static Kind, Collected), String> {
    let failed = |error| format!("could not read it: {error}");
    let mut bytes = Vec::new();
    let begin = input.take(WHOLE_MAX).read_to_end(&mut bytes);
    let is_long = u64::try_from(begin.map_err(failed)?).is_ok_and(|read| read == WHOLE_MAX);
    let kind = kind_of(&bytes, name, args)?;
    let mut sink = if args.records {
        Collected::with_records()
    } else {
        Collected::counting()
    };
    let feeder = if is_long {
        Feeder::of_kind(kind.name, &bytes)
    } else {
        None
    };
    if let Some(mut feeder) = feeder {
        for chunk in bytes.chunks(CHUNK) {
            feeder.feed(chunk, &mut sink);
        }
        drop(bytes);
        let mut bytes = vec![0; CHUNK];
        loop {
            match input.read(&mut bytes).map_err(failed)? {
                0 => break,
                n_read => feeder.feed(&bytes[..n_read], &mut sink),
            }
        }
        feeder.finish(&mut sink);
    } else {
        input.read_to_end(&mut bytes).map_err(failed)?;
        platform::inspect::read(kind, &bytes, &mut sink);
    }
    Ok((kind, sink))
}

/// Bytes that are read at a time of a long input.
const CHUNK: usize = 256 << 10;

fn kind_of(bytes: &[u8], name: &str, args: &InspectArgs) -> Result<&'static Kind, String> {
    if let Some(wanted) = &args.kind {
        return platform::inspect::by_name(wanted).ok_or_else(|| {
            format!("no kind is named {wanted:?}; `candela inspect --kinds` lists them")
        });
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    let found = platform::inspect::guess(Sample { name, head });
    found.map(|(kind, _)| kind).ok_or_else(|| {
        "its kind cannot be told; name it with --as (`candela inspect --kinds` lists them)"
            .to_owned()
    })
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

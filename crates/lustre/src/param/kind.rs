//! The kinds for `candela inspect`: a dump of parameters, and single bodies.

use super::{
    Block, Lines, Name, Value, blocks, body, histogram, jobs, quota, skip, stats, typed, value,
};
use serde_json::{Value as Json, json};
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind, only_text};

/// Dumps of `lctl get_param`.
pub static GET_PARAM: Kind = Kind {
    name: "lctl-get-param",
    about: "lctl get_param: name=value, many parameters",
    guess: guess_dump,
    read: read_dump,
};

/// One parameter's body, as a file under /proc or /sys holds it.
pub static BODY: Kind = Kind {
    name: "lustre-param-body",
    about: "one Lustre parameter without its name: stats, job_stats, brw_stats, recovery_status…",
    guess: guess_body,
    read: read_body,
};

/// One parameter in a file that is named after it.
pub static FILE: Kind = Kind {
    name: "lustre-param-file",
    about: "a file of /proc/fs/lustre, /sys/fs/lustre or debugfs: one parameter, named by the file",
    guess: guess_file,
    read: read_file,
};

fn guess_file(sample: Sample<'_>) -> Likelihood {
    if super::file::is_param_file(sample.name, sample.head) {
        40
    } else {
        0
    }
}

fn read_file(bytes: &[u8], sink: &mut dyn Sink) {
    let lines = Lines::new(bytes, 1);
    let mut full = lines.filter(|line| !line.text.trim().is_empty());
    let name = Name::parse("parameter");
    let (inline, body) = match (full.next(), full.next()) {
        (Some(only), None) => (only.text, Lines::new(&[], 2)),
        (Some(_), Some(_)) => ("", lines),
        (None, _) => ("", Lines::new(&[], 1)),
    };
    put(
        &Block {
            name,
            line: 1,
            inline,
            body,
        },
        sink,
    );
}

/// Beginnings of names that only Lustre's parameters have.
const STARTS: &[&str] = &[
    "obdfilter.",
    "mdt.",
    "osd-",
    "mgs.",
    "ldlm.",
    "llite.",
    "osc.",
    "mdc.",
    "ost.",
    "mds.",
    "osp.",
    "lod.",
    "lov.",
    "lmv.",
    "mdd.",
    "mgc.",
    "qmt.",
    "nodemap.",
    "health_check",
    "version",
    "sptlrpc.",
    "lnet_memused",
    "memused",
    "jobid_",
    "lwp.",
    "seq.",
    "fld.",
];

/// Whether a name begins as Lustre's parameters do.
pub(crate) fn has_known_start(name: &str) -> bool {
    STARTS.iter().any(|start| name.starts_with(start))
}

fn guess_dump(sample: Sample<'_>) -> Likelihood {
    let (mut params, mut lines) = (0_u32, 0_u32);
    for found in blocks(sample.head).take(64) {
        match found {
            Ok(block) => {
                lines += 1;
                params += u32::from(has_known_start(block.name.full));
            }
            Err(skip) => lines += u32::from(skip.kind != SkipKind::ErrorText),
        }
    }
    match (params, lines) {
        (0, _) => 0,
        (params, lines) if params * 2 >= lines => 95,
        (params, lines) if params * 10 >= lines => 60,
        _ => 10,
    }
}

fn guess_body(sample: Sample<'_>) -> Likelihood {
    body::tell(sample.text()).map_or(0, |told| told.sure)
}

fn read_dump(bytes: &[u8], sink: &mut dyn Sink) {
    let mut family = String::new();
    for found in blocks(bytes) {
        match found {
            Ok(block) => put_into(&block, &mut family, sink),
            Err(skip) => sink.skip(skip),
        }
    }
}

fn read_body(bytes: &[u8], sink: &mut dyn Sink) {
    let head = only_text(bytes.get(..65_536).unwrap_or(bytes));
    let told = body::tell(&head);
    let param = told.map_or("stats", |told| told.param);
    let name = Name {
        full: param,
        class: told.map_or("", |told| told.class),
        instance: "",
        nid: told.filter(|told| told.is_export).map(|_| ""),
        param,
    };
    put(
        &Block {
            name,
            line: 1,
            inline: "",
            body: Lines::new(bytes, 1),
        },
        sink,
    );
}

/// One parameter into records and skips.
pub(crate) fn put(block: &Block<'_>, sink: &mut dyn Sink) {
    put_into(block, &mut String::new(), sink);
}

/// As [`put`], with room for the name of the family that is used again.
fn put_into(block: &Block<'_>, family: &mut String, sink: &mut dyn Sink) {
    block.name.family_into(family);
    let name = block.name.full;
    hints(block, sink);
    let mut skips = Vec::new();
    if let Some(found) = typed::typed(block, &mut skips) {
        typed::binary(block, &mut skips);
        sink.record(family, &|| json!({"name": name, "value": found}));
        return skips.into_iter().for_each(|skip| sink.skip(skip));
    }
    match value(block) {
        Value::Scalar(text) => sink.record(family, &|| json!({"name": name, "value": text})),
        Value::Empty => sink.record(family, &|| json!({"name": name, "value": null})),
        Value::NotSupported(text) => {
            sink.skip(skip(block.line, SkipKind::NotSupported, name, text));
        }
        Value::Stats(lines) => {
            let rows = drain(stats::rows(lines), sink);
            sink.record(family, &|| json!({"name": name, "rows": rows}));
        }
        Value::Jobs(lines) => put_jobs(name, family, lines, sink),
        Value::Histogram(lines) => {
            let buckets = drain(histogram::buckets(lines), sink);
            sink.record(family, &|| json!({"name": name, "buckets": buckets}));
        }
        Value::Quota(lines) => {
            for entry in quota::entries(lines) {
                match entry {
                    Ok(entry) => sink.record(family, &|| json!({"name": name, "entry": entry})),
                    Err(skip) => sink.skip(skip),
                }
            }
        }
        Value::Fields(lines) => {
            sink.record(
                family,
                &|| json!({"name": name, "inline": block.inline, "lines": text_of(lines)}),
            );
            note_binary(lines, sink);
        }
        Value::Text(lines) => unknown(block, family, lines, sink),
    }
}

/// A body of lines without a form of its own: a list of words is one, anything
/// else is passed over with its first line.
fn unknown(block: &Block<'_>, family: &str, lines: Lines<'_>, sink: &mut dyn Sink) {
    let mut rows = lines.filter(|line| !line.text.trim().is_empty());
    if rows.all(|line| !line.is_binary && line.text.split_ascii_whitespace().count() <= 40) {
        let name = block.name.full;
        return sink.record(family, &|| json!({"name": name, "lines": text_of(lines)}));
    }
    let first = lines
        .clone()
        .next()
        .map(|line| line.text)
        .unwrap_or_default();
    sink.skip(skip(block.line, SkipKind::Unknown, block.name.full, first));
}

fn put_jobs(name: &str, family: &str, lines: Lines<'_>, sink: &mut dyn Sink) {
    for job in jobs::jobs(lines) {
        match job {
            Ok(job) => {
                let mut bad = Vec::new();
                job.fields().for_each(|field| bad.extend(field.err()));
                sink.record(family, &|| job_json(name, &job));
                for skip in bad {
                    sink.skip(skip);
                }
            }
            Err(skip) => sink.skip(skip),
        }
    }
}

fn job_json(name: &str, job: &jobs::Job<'_>) -> Json {
    let mut times = serde_json::Map::new();
    let mut ops = Vec::new();
    for field in job.fields().flatten() {
        match field {
            jobs::Field::Time(key, at) => {
                times.insert(key.to_owned(), json!(at));
            }
            jobs::Field::Op(op) => ops.push(json!(op)),
        }
    }
    json!({"name": name, "job_id": job.id, "times": times, "ops": ops})
}

/// Rows as JSON if they are wanted; skips in any case.
fn drain<T: serde::Serialize>(
    rows: impl Iterator<Item = Result<T, Skip>>,
    sink: &mut dyn Sink,
) -> Vec<Json> {
    let mut kept = Vec::new();
    for row in rows {
        match row {
            Ok(row) if sink.wants_records() => kept.push(json!(row)),
            Ok(_) => {}
            Err(skip) => sink.skip(skip),
        }
    }
    kept
}

fn text_of(lines: Lines<'_>) -> Vec<&str> {
    lines
        .map(|line| line.text)
        .filter(|text| !text.trim().is_empty())
        .collect()
}

fn note_binary(lines: Lines<'_>, sink: &mut dyn Sink) {
    for line in lines.filter(|line| line.is_binary) {
        sink.skip(skip(
            line.number,
            SkipKind::Binary,
            "bytes that are not text after",
            line.text,
        ));
    }
}

/// What the shape of a parameter says of the release that printed it.
fn hints(block: &Block<'_>, sink: &mut dyn Sink) {
    if block
        .name
        .nid
        .is_some_and(|nid| nid.matches(':').count() > 1)
    {
        sink.hint("IPv6 NIDs (2.16 or newer)");
    }
    match block.name.param {
        "version" if !block.inline.trim().is_empty() => {
            sink.hint(&format!("Lustre {}", block.inline.trim()));
        }
        "stats" | "md_stats"
            if block
                .body
                .take(3)
                .any(|l| l.text.starts_with("elapsed_time")) =>
        {
            sink.hint("stats have start_time and elapsed_time (2.15 or newer)");
        }
        "io_latency_stats" => sink.hint("io_latency_stats (EXA, or 2.18)"),
        _ => {}
    }
}

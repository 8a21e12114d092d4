//! What a message is about, and who holds that.

/// Words before the name, and the words before the holder's name if the phrase has one.
const PLACES: &[(&str, &str)] = &[
    ("according to /etc/mtab ", " is already mounted on "),
    ("mount ", " at "),
    ("Device ", ""),
    ("failed to ping ", ""),
    ("OST ", " to pool "),
    ("OST ", " from pool "),
    ("Pool ", ""),
    ("pool ", ""),
    ("the snapshot ", ""),
    ("The snapshot ", ""),
    ("on the device ", ""),
    ("Unable to build fs ", ""),
    ("Miss snapshot piece on the ", ""),
    ("cannot open ", ""),
    ("mount point ", ""),
    ("while trying to open ", ""),
];

/// Subject and holder of a line; `rest` is the line without who speaks.
pub(super) fn find<'a>(text: &'a str, rest: &'a str) -> (Option<&'a str>, Option<&'a str>) {
    let host = [
        "pool is imported on host ",
        "pool is imported on ",
        "Last accessed by ",
    ]
    .iter()
    .find_map(|before| word_after(text, before));
    if let Some(found) = quoted(rest) {
        return (Some(found), host);
    }
    for (before, between) in PLACES {
        if !between.is_empty() && !rest.contains(between) {
            continue;
        }
        let Some(found) = word_after(rest, before).filter(|word| is_name(word)) else {
            continue;
        };
        let holder = match *between {
            "" => None,
            between => word_after(rest, between),
        };
        return (Some(found), holder.or(host));
    }
    let inner = rest
        .rsplit_once('(')
        .and_then(|(_, tail)| tail.split(')').next());
    let found = inner
        .filter(|word| word.contains('/') && !word.contains(' '))
        .or_else(|| {
            rest.split([' ', ','])
                .map(trim)
                .find(|word| looks_like_name(word))
        });
    (found, host)
}

/// The word behind a phrase, without quotes and stops.
fn word_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let at = text.find(before)?;
    let rest = text.get(at + before.len()..)?;
    let word = trim(rest.split([' ', ',']).next()?);
    (!word.is_empty()).then_some(word)
}

fn trim(word: &str) -> &str {
    word.trim_matches(['\'', '"', '(', ')', '‘', '’'])
        .trim_end_matches(['.', ':', ';'])
}

/// The first text in quotes; an apostrophe within a word opens nothing.
fn quoted(text: &str) -> Option<&str> {
    let mut after_word = false;
    for (at, c) in text.char_indices() {
        let close = match c {
            '\'' | '"' if !after_word => c,
            '‘' => '’',
            _ => {
                after_word = c.is_ascii_alphanumeric();
                continue;
            }
        };
        let inner = text.get(at + c.len_utf8()..)?;
        let name = inner.get(..inner.find(close)?)?;
        // Advice quotes options and commands.
        let is_named = !name.is_empty() && !name.starts_with('-') && !name.contains(" import");
        return is_named.then_some(name);
    }
    None
}

/// Whether a word can be the name of something, and is no word of a sentence.
fn is_name(word: &str) -> bool {
    !matches!(
        word,
        "is" | "was" | "the" | "a" | "on" | "may" | "already" | "can" | "I/O" | "point" | "options"
    )
}

/// A path, dataset, NID or label.
fn looks_like_name(word: &str) -> bool {
    let has_label = word.contains("-OST") || word.contains("-MDT");
    let is_path = word.starts_with('/') && word.len() > 1;
    let is_dataset = word.contains('/')
        && !word.starts_with("and/")
        && word != "Input/output"
        && word != "created/imported"
        && word != "unhandled/unloaded"
        && word != "I/O";
    let is_nid = word.parse::<crate::nid::Nid>().is_ok();
    (has_label || is_path || is_dataset || is_nid) && word != "/etc/mtab"
}

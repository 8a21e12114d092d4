//! Takes keys and passwords out of what a capture keeps.

/// What stands in place of a secret.
const MASK: &str = "REDACTED";
/// Words before `=` or `:` whose value is a secret.
const KEYS: &[&str] = &[
    "passwd",
    "password",
    "passphrase",
    "secret",
    "api_key",
    "apikey",
    "token",
    "shared_key",
    "auth_key",
];

/// The bytes without secrets. Input that is no text is passed through only if
/// it names no key.
pub fn redact(bytes: &[u8]) -> Vec<u8> {
    let lower = bytes.to_ascii_lowercase();
    let names = |word: &str| lower.windows(word.len()).any(|at| at == word.as_bytes());
    if !KEYS.iter().any(|key| names(key)) && !names("-----begin") {
        return bytes.to_vec();
    }
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut in_pem = false;
    for line in text.split_inclusive('\n') {
        if line.contains("-----BEGIN") {
            in_pem = true;
            out.push_str(MASK);
            out.push('\n');
        }
        if !in_pem {
            out.push_str(&redact_line(line));
        }
        in_pem &= !line.contains("-----END");
    }
    out.into_bytes()
}

fn redact_line(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        let found = KEYS
            .iter()
            .filter_map(|key| Some((at + lower[at..].find(key)?, key.len())))
            .min();
        let Some((start, length)) = found else { break };
        let behind = start + length;
        out.push_str(&line[at..behind]);
        at = behind;
        if let Some((from, to)) = value_after(line, behind) {
            out.push_str(&line[behind..from]);
            out.push_str(MASK);
            at = to;
        }
    }
    out.push_str(&line[at..]);
    out
}

/// Where the value of a key that ends at `behind` begins and ends: `=x`, `: x`,
/// `="x"`, or `name="…" value="x"` as the CIB writes it.
fn value_after(line: &str, behind: usize) -> Option<(usize, usize)> {
    let rest = &line[behind..];
    let name_end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))?;
    let tail = &rest[name_end..];
    let start = if let Some(attribute) = tail
        .strip_prefix('"')
        .and_then(|tail| tail.find("value=\""))
    {
        behind + name_end + 1 + attribute + "value=".len()
    } else {
        let separated = tail.trim_start_matches(['"', ' ', '\t']);
        let value = separated
            .strip_prefix(['=', ':'])?
            .trim_start_matches([' ', '\t']);
        line.len() - value.len()
    };
    let value = &line[start..];
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (from, length) = match quote {
        Some(quote) => (
            start + 1,
            value[1..]
                .find(quote)
                .unwrap_or(value.trim_end().len().saturating_sub(1)),
        ),
        None => (
            start,
            value
                .find([' ', '\t', '\n', '\r', ',', ';', '"', '<'])
                .unwrap_or(value.len()),
        ),
    };
    (length > 0).then_some((from, from + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_survives() {
        let cases = [
            "passwd=hunter2 ipaddr=10.0.0.1",
            "<nvpair id=\"f-passwd\" name=\"passwd\" value=\"hunter2\"/>",
            "password: hunter2\n",
            "\"password\": \"hunter2\",",
            "Secret = 'hunter2'",
            "fence passwd=\"hunter2\" login=x password=hunter2",
            "a\n-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\nb\n",
        ];
        for case in cases {
            let out = String::from_utf8(redact(case.as_bytes())).unwrap();
            assert!(!out.contains("hunter2"), "{out}");
            assert!(out.contains(MASK), "{out}");
        }
        assert_eq!(redact(b"plain text"), b"plain text");
        assert!(
            String::from_utf8(redact(b"passwd=x ipaddr=1.2.3.4"))
                .unwrap()
                .contains("ipaddr=1.2.3.4")
        );
    }
}

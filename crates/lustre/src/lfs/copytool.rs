//! The log of an HSM copytool such as `lhsmtool_posix`: `TOOL: SECONDS [PID]: TEXT`.

use super::{lines, odd, text_lines};
use serde::Serialize;
use serde_json::json;
use stdx::reading::{Kind, Likelihood, Sample, Sink};

/// The reader of a copytool's log.
pub static KIND: Kind = Kind {
    name: "copytool-log",
    about: "what lhsmtool_posix and other HSM copytools log",
    guess,
    read,
};

/// One line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CopytoolLine<'a> {
    /// The tool.
    pub tool: &'a str,
    /// Seconds since 1970, with fraction.
    pub at: &'a str,
    /// Thread.
    pub pid: &'a str,
    /// The file that it is about.
    pub fid: Option<&'a str>,
    /// `ARCHIVE`, `RESTORE`, `REMOVE`, `CANCEL`, where one begins.
    pub action: Option<&'a str>,
    /// What it ended with: 0, or a negative errno.
    pub result: Option<i64>,
    /// What it says.
    pub text: &'a str,
}

/// Reads one line.
pub fn line(text: &str) -> Option<CopytoolLine<'_>> {
    let (tool, rest) = text.trim().split_once(": ")?;
    let (at, rest) = rest.split_once(" [")?;
    let (pid, said) = rest.split_once("]: ")?;
    let is_time = at.split_once('.').is_some_and(|(whole, part)| {
        whole.len() >= 9
            && (whole.to_owned() + part)
                .bytes()
                .all(|b| b.is_ascii_digit())
    });
    let is_pid = !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit());
    if !is_time || !is_pid || tool.contains(' ') {
        return None;
    }
    let inner = said
        .split('[')
        .nth(1)
        .and_then(|tail| tail.split(']').next());
    let after = |mark: &str| {
        let tail = said.split_once(mark)?.1;
        tail.split([' ', ',', ')', '(']).next()
    };
    Some(CopytoolLine {
        tool,
        at,
        pid,
        fid: inner.filter(|fid| super::fid::is_fid(fid)),
        action: after("action ").filter(|word| word.bytes().all(|b| b.is_ascii_uppercase())),
        result: after("rc=")
            .or(after("err="))
            .and_then(|code| code.parse().ok()),
        text: said,
    })
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let (mut good, mut all) = (0_u32, 0_u32);
    for text in text_lines(sample.text()).take(10) {
        all += 1;
        good += u32::from(line(text).is_some());
    }
    if good > 0 && good * 2 > all { 85 } else { 0 }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    for one in lines(input) {
        if let Some(why) = one.text.strip_prefix("exiting: ") {
            sink.hint(&format!("the copytool ended: {why}"));
            continue;
        }
        match line(one.text).filter(|_| !one.is_binary) {
            Some(found) => sink.record("copytool-line", &|| json!(found)),
            None => odd(&one, "not a line of a copytool", sink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_results_are_told() {
        let found = line("lhsmtool_posix: 1795223742.233910 [4994]: [0x200000bd1:0x2:0x0] action ARCHIVE reclen 72, cookie=0x6b00f0b7").unwrap();
        assert_eq!(
            (found.tool, found.pid, found.action),
            ("lhsmtool_posix", "4994", Some("ARCHIVE"))
        );
        assert_eq!(found.fid, Some("0x200000bd1:0x2:0x0"));
        let found = line("lhsmtool_posix: 1795223742.580129 [4994]: fsetxattr of 'lustre.lov' on '/tmp/x' rc=-1 (Operation not supported)").unwrap();
        assert_eq!(
            (found.result, found.action, found.fid),
            (Some(-1), None, None)
        );
        for text in ["", "a: b", "x: 1.2 [3]: y", "x: 1795223742.5 [a]: y"] {
            assert_eq!(line(text), None, "{text:?}");
        }
    }
}

//! Installed packages: `rpm -qa`, `rpm -qi`-less lists, `dpkg -l`,
//! `dpkg-query -W`.

use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use crate::ha::lines;

/// The reader of `rpm -qa`.
pub static RPM: Kind = Kind {
    name: "rpm-qa",
    about: "rpm -qa, also with a format of NAME VERSION-RELEASE",
    guess: guess_rpm,
    read: |input, sink| emit(rpm(input), sink),
};

/// The reader of `dpkg -l`.
pub static DPKG: Kind = Kind {
    name: "dpkg-l",
    about: "dpkg -l",
    guess: guess_dpkg,
    read: |input, sink| emit(dpkg(input), sink),
};

/// The reader of `dpkg-query -W`.
pub static QUERY: Kind = Kind {
    name: "dpkg-query",
    about: "dpkg-query -W, also with a format of STATUS NAME VERSION",
    guess: guess_query,
    read: |input, sink| emit(query(input), sink),
};

/// One package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Its name, without architecture.
    pub name: String,
    /// Version with release, and with epoch where it is told.
    pub version: String,
    /// `x86_64`, `noarch`, `amd64`, `all`.
    pub arch: Option<String>,
    /// Whether it is installed, not only known or left with its settings.
    pub is_installed: bool,
    /// One line, where it is told.
    pub summary: Option<String>,
}

type Read = (Vec<Package>, Vec<Skip>);

fn each(input: &[u8], want: &str, one: impl Fn(&str) -> Option<Option<Package>>) -> Read {
    let (mut found, mut skips) = (Vec::new(), Vec::new());
    for line in lines::read(input, &mut skips) {
        if line.text.trim().is_empty() {
            continue;
        }
        match one(line.text) {
            Some(package) => found.extend(package),
            None if lines::is_error(line.text) || line.text.starts_with("dpkg") => {
                skips.push(line.skip(SkipKind::ErrorText, "an error"));
            }
            None => skips.push(line.bad(want)),
        }
    }
    skips.sort_by_key(|skip| skip.line);
    (found, skips)
}

/// Reads `rpm -qa`: `NAME-VERSION-RELEASE.ARCH`, what stands behind it (a date
/// with `--last`) apart, or `[installed] NAME VERSION-RELEASE [ARCH]`.
pub fn rpm(input: &[u8]) -> Read {
    each(input, "no package of rpm", |text| rpm_line(text).map(Some))
}

fn rpm_line(text: &str) -> Option<Package> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = words.strip_prefix(&["installed"]).unwrap_or(&words);
    let (first, rest) = words.split_first()?;
    if let [version, rest @ ..] = rest
        && rest.len() < 2
        && version.contains('-')
        && version.contains(|c: char| c.is_ascii_digit())
        && is_name(first)
    {
        let (version, arch) = match rest.first() {
            Some(arch) => (*version, Some(*arch)),
            None => without_arch(version),
        };
        return Some(package(first, version, arch));
    }
    if rest.first().is_some_and(|day| !is_day(day)) {
        return None;
    }
    // A key is a package of its own kind: `gpg-pubkey-fd431d51-4ae0493b`.
    let (whole, arch) = without_arch(first);
    let (rest, release) = whole.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let is_package =
        is_name(name) && version.contains(|c: char| c.is_ascii_hexdigit()) && !release.is_empty();
    is_package.then(|| package(name, &format!("{version}-{release}"), arch))
}

fn is_day(word: &str) -> bool {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "("]
        .iter()
        .any(|day| word.starts_with(day))
        || word.starts_with(|c: char| c.is_ascii_digit())
}

fn package(name: &str, version: &str, arch: Option<&str>) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        arch: arch.map(str::to_owned),
        is_installed: true,
        summary: None,
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.+~()".contains(&b))
}

fn without_arch(text: &str) -> (&str, Option<&str>) {
    const ARCHES: [&str; 14] = [
        "x86_64", "noarch", "aarch64", "ppc64le", "ppc64", "s390x", "i386", "i486", "i586", "i686",
        "src", "armv7hl", "riscv64", "(none)",
    ];
    match text.rsplit_once('.') {
        Some((rest, arch)) if ARCHES.contains(&arch) => {
            (rest, Some(arch).filter(|arch| *arch != "(none)"))
        }
        _ => (text, None),
    }
}

/// Reads `dpkg -l`.
pub fn dpkg(input: &[u8]) -> Read {
    each(input, "no row of dpkg -l", |text| {
        let is_heading = text.starts_with("Desired=")
            || text.starts_with('|')
            || text.starts_with("+++-")
            || text.starts_with("||/");
        if is_heading {
            return Some(None);
        }
        dpkg_line(text).map(Some)
    })
}

/// `ii  NAME[:ARCH]  VERSION  ARCH  SUMMARY`, where dpkg is not too old for ARCH.
fn dpkg_line(text: &str) -> Option<Package> {
    let mut rest = text;
    let mut next = || {
        rest = rest.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        rest = rest.get(end..)?;
        (!word.is_empty()).then_some(word)
    };
    let state = next().filter(|word| is_state(word))?;
    let (name, version, arch) = (next()?, next()?, next());
    let (name, _) = name.split_once(':').unwrap_or((name, ""));
    if !is_name(name) {
        return None;
    }
    let mut found = package(name, version, arch);
    found.is_installed = state.chars().nth(1) == Some('i');
    found.summary = Some(rest.trim().to_owned()).filter(|text| !text.is_empty());
    if version == "<none>" {
        found.version = String::new();
    }
    Some(found)
}

fn is_state(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|c| "uihrp".contains(c))
        && letters.next().is_some_and(|c| "ncHUFWti".contains(c))
        && letters.next().is_none_or(|c| c == 'R')
        && letters.next().is_none()
}

/// Reads `dpkg-query -W`: `NAME[:ARCH]<TAB>VERSION`, or
/// `STATUS NAME VERSION`, or `STATUS… NAME VERSION` with three words of status.
pub fn query(input: &[u8]) -> Read {
    each(input, "no package of dpkg-query", |text| {
        query_line(text).map(Some)
    })
}

fn query_line(text: &str) -> Option<Package> {
    const STATES: [&str; 8] = [
        "installed",
        "not-installed",
        "config-files",
        "half-installed",
        "unpacked",
        "half-configured",
        "triggers-awaited",
        "triggers-pending",
    ];
    let words: Vec<&str> = text.split_whitespace().collect();
    let at = words.iter().position(|word| STATES.contains(word));
    let (state, rest) = match at {
        Some(at) if at == 0 || at == 2 => (words.get(at), words.get(at + 1..)?),
        _ => (None, words.as_slice()),
    };
    let (name, version) = match (rest, state) {
        ([name, version], _) => (*name, *version),
        // A package that was removed has no version.
        ([name], Some(_)) => (*name, ""),
        ([name], None) if text.ends_with('\t') => (*name, ""),
        _ => return None,
    };
    let (name, arch) = match name.split_once(':') {
        Some((name, arch)) => (name, Some(arch)),
        None => (name, None),
    };
    let is_version = version.is_empty() || version.contains(|c: char| c.is_ascii_digit());
    if !is_name(name) || !is_version {
        return None;
    }
    let mut found = package(name, version, arch);
    found.is_installed = match state {
        Some(state) => *state == "installed",
        None => !version.is_empty(),
    };
    Some(found)
}

/// How many of the first lines are packages, and of how many.
fn shares<'a>(text: &'a str, one: impl Fn(&'a str) -> bool) -> (usize, usize) {
    let whole = text.rsplit_once('\n').map_or(text, |(whole, _)| whole);
    let full = whole
        .lines()
        .filter(|line| !line.trim().is_empty() && !lines::is_prompt(line))
        .take(40);
    let (mut n_right, mut n_all) = (0, 0);
    for line in full {
        n_all += 1;
        n_right += usize::from(one(line));
    }
    (n_right, n_all)
}

fn guess_rpm(sample: Sample<'_>) -> Likelihood {
    let is_package = |line: &str| {
        let first = line.split_whitespace().next().unwrap_or_default();
        let has_arch = without_arch(first).1.is_some() || first.starts_with("gpg-pubkey-");
        let has_status = line.starts_with("installed ");
        rpm_line(line).is_some() && (has_arch || has_status || rpm_version(line))
    };
    match shares(sample.text(), is_package) {
        (right, all) if all >= 1 && right == all => 80,
        (right, all) if right >= 3 && right * 10 >= all * 9 => 70,
        _ => 0,
    }
}

/// Whether the line holds a release as distributions with rpm write it.
fn rpm_version(line: &str) -> bool {
    [".el", ".fc", ".sles", ".lp1", ".amzn", ".oe", ".ky"]
        .iter()
        .any(|mark| line.contains(mark))
}

fn guess_dpkg(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    if text.contains("Desired=Unknown/Install/Remove/Purge/Hold") {
        return 97;
    }
    match shares(text, |line| {
        dpkg_line(line).is_some_and(|one| one.arch.is_some())
    }) {
        (right, all) if all >= 2 && right == all => 75,
        _ => 0,
    }
}

fn guess_query(sample: Sample<'_>) -> Likelihood {
    let is_package = |line: &str| {
        let sure =
            line.contains('\t') || line.contains("installed ") || line.contains("config-files ");
        sure && query_line(line)
            .is_some_and(|one| one.version.contains(|c: char| c.is_ascii_digit()))
    };
    let (right, all) = shares(sample.text(), is_package);
    // A line of numbers after a name is many things; versions have dots or dashes.
    let (versions, _) = shares(sample.text(), |line| {
        let last = line.split_whitespace().next_back().unwrap_or_default();
        last.contains(['-', '.', '+', ':'])
    });
    if all >= 3 && right == all && versions * 10 >= all * 8 {
        72
    } else {
        0
    }
}

fn emit((packages, skips): Read, sink: &mut dyn Sink) {
    lines::emit("package", &packages, sink);
    lines::emit_skips(skips, sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check((found, skips): Read, want: &[(&str, &str, Option<&str>, bool)], n_skips: usize) {
        let seen: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.name.as_str(),
                    one.version.as_str(),
                    one.arch.as_deref(),
                    one.is_installed,
                )
            })
            .collect();
        assert_eq!((seen.as_slice(), skips.len()), (want, n_skips), "{skips:?}");
    }

    #[test]
    fn rpm_names_are_taken_apart_from_their_end() {
        check(
            rpm(b"kmod-lustre-osd-zfs-2.15.4-1.el8.x86_64\npython3-dnf-plugins-core-4.0.21-3.el8.noarch\ngpg-pubkey-fd431d51-4ae0493b\nlustre-2.15.4-1.el8\nerror: rpmdb open failed\n"),
            &[
                ("kmod-lustre-osd-zfs", "2.15.4-1.el8", Some("x86_64"), true),
                ("python3-dnf-plugins-core", "4.0.21-3.el8", Some("noarch"), true),
                ("gpg-pubkey", "fd431d51-4ae0493b", None, true),
                ("lustre", "2.15.4-1.el8", None, true),
            ],
            1,
        );
        check(
            rpm(b"installed lustre 2.15.4-1.el8\nzfs 2.1.11-1.el8.x86_64\nkernel-4.18.0-553.el8.x86_64   Tue 02 Jan 2024 10:00:00 AM UTC\n"),
            &[
                ("lustre", "2.15.4-1.el8", None, true),
                ("zfs", "2.1.11-1.el8", Some("x86_64"), true),
                ("kernel", "4.18.0-553.el8", Some("x86_64"), true),
            ],
            0,
        );
    }

    #[test]
    fn dpkg_tells_what_is_only_left_over() {
        check(
            dpkg(b"Desired=Unknown/Install/Remove/Purge/Hold\n| Status=Not/Inst\n||/ Name  Version  Architecture Description\n+++-=====-======-=====-=====\nii  libmpc3:amd64   1.3.1-1   amd64   multiple precision\nrc  ntp   1:4.2.8   amd64   daemon\nun  x  <none>  <none>  (no description available)\nhello\n"),
            &[
                ("libmpc3", "1.3.1-1", Some("amd64"), true),
                ("ntp", "1:4.2.8", Some("amd64"), false),
                ("x", "", Some("<none>"), false),
            ],
            1,
        );
    }

    #[test]
    fn dpkg_query_is_read_in_its_forms() {
        check(
            query(b"adduser\t3.134\nlibc6:amd64\t2.36-9\ninstalled zfs 2.1.11-1\nconfig-files ntp 1:4.2\ninstall ok installed chrony 4.3-2\ngone\t\n"),
            &[
                ("adduser", "3.134", None, true),
                ("libc6", "2.36-9", Some("amd64"), true),
                ("zfs", "2.1.11-1", None, true),
                ("ntp", "1:4.2", None, false),
                ("chrony", "4.3-2", None, true),
            ],
            1,
        );
    }
}

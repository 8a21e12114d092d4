//! Errors of the kernel by number, by name and by the words of `strerror`.

use serde::Serialize;

/// One error of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Errno {
    /// Its number on Linux, positive.
    pub number: i32,
    /// Its name: `ENOENT`.
    pub name: &'static str,
    /// Its words in the C locale.
    #[serde(skip)]
    pub words: &'static str,
}

const fn errno(number: i32, name: &'static str, words: &'static str) -> Errno {
    Errno {
        number,
        name,
        words,
    }
}

/// Those that tools of storage, clusters and networks are known to print.
static ALL: &[Errno] = &[
    errno(1, "EPERM", "Operation not permitted"),
    errno(2, "ENOENT", "No such file or directory"),
    errno(3, "ESRCH", "No such process"),
    errno(4, "EINTR", "Interrupted system call"),
    errno(5, "EIO", "Input/output error"),
    errno(6, "ENXIO", "No such device or address"),
    errno(7, "E2BIG", "Argument list too long"),
    errno(8, "ENOEXEC", "Exec format error"),
    errno(9, "EBADF", "Bad file descriptor"),
    errno(10, "ECHILD", "No child processes"),
    errno(11, "EAGAIN", "Resource temporarily unavailable"),
    errno(12, "ENOMEM", "Cannot allocate memory"),
    errno(13, "EACCES", "Permission denied"),
    errno(14, "EFAULT", "Bad address"),
    errno(15, "ENOTBLK", "Block device required"),
    errno(16, "EBUSY", "Device or resource busy"),
    errno(17, "EEXIST", "File exists"),
    errno(18, "EXDEV", "Invalid cross-device link"),
    errno(19, "ENODEV", "No such device"),
    errno(20, "ENOTDIR", "Not a directory"),
    errno(21, "EISDIR", "Is a directory"),
    errno(22, "EINVAL", "Invalid argument"),
    errno(23, "ENFILE", "Too many open files in system"),
    errno(24, "EMFILE", "Too many open files"),
    errno(25, "ENOTTY", "Inappropriate ioctl for device"),
    errno(26, "ETXTBSY", "Text file busy"),
    errno(27, "EFBIG", "File too large"),
    errno(28, "ENOSPC", "No space left on device"),
    errno(29, "ESPIPE", "Illegal seek"),
    errno(30, "EROFS", "Read-only file system"),
    errno(31, "EMLINK", "Too many links"),
    errno(32, "EPIPE", "Broken pipe"),
    errno(33, "EDOM", "Numerical argument out of domain"),
    errno(34, "ERANGE", "Numerical result out of range"),
    errno(35, "EDEADLK", "Resource deadlock avoided"),
    errno(36, "ENAMETOOLONG", "File name too long"),
    errno(37, "ENOLCK", "No locks available"),
    errno(38, "ENOSYS", "Function not implemented"),
    errno(39, "ENOTEMPTY", "Directory not empty"),
    errno(40, "ELOOP", "Too many levels of symbolic links"),
    errno(42, "ENOMSG", "No message of desired type"),
    errno(51, "EL2HLT", "Level 2 halted"),
    errno(61, "ENODATA", "No data available"),
    errno(62, "ETIME", "Timer expired"),
    errno(71, "EPROTO", "Protocol error"),
    errno(74, "EBADMSG", "Bad message"),
    errno(75, "EOVERFLOW", "Value too large for defined data type"),
    errno(77, "EBADFD", "File descriptor in bad state"),
    errno(87, "EUSERS", "Too many users"),
    errno(90, "EMSGSIZE", "Message too long"),
    errno(93, "EPROTONOSUPPORT", "Protocol not supported"),
    errno(95, "EOPNOTSUPP", "Operation not supported"),
    errno(
        97,
        "EAFNOSUPPORT",
        "Address family not supported by protocol",
    ),
    errno(98, "EADDRINUSE", "Address already in use"),
    errno(99, "EADDRNOTAVAIL", "Cannot assign requested address"),
    errno(100, "ENETDOWN", "Network is down"),
    errno(101, "ENETUNREACH", "Network is unreachable"),
    errno(103, "ECONNABORTED", "Software caused connection abort"),
    errno(104, "ECONNRESET", "Connection reset by peer"),
    errno(105, "ENOBUFS", "No buffer space available"),
    errno(106, "EISCONN", "Transport endpoint is already connected"),
    errno(107, "ENOTCONN", "Transport endpoint is not connected"),
    errno(
        108,
        "ESHUTDOWN",
        "Cannot send after transport endpoint shutdown",
    ),
    errno(110, "ETIMEDOUT", "Connection timed out"),
    errno(111, "ECONNREFUSED", "Connection refused"),
    errno(112, "EHOSTDOWN", "Host is down"),
    errno(113, "EHOSTUNREACH", "No route to host"),
    errno(114, "EALREADY", "Operation already in progress"),
    errno(115, "EINPROGRESS", "Operation now in progress"),
    errno(116, "ESTALE", "Stale file handle"),
    errno(117, "EUCLEAN", "Structure needs cleaning"),
    errno(121, "EREMOTEIO", "Remote I/O error"),
    errno(122, "EDQUOT", "Disk quota exceeded"),
    errno(123, "ENOMEDIUM", "No medium found"),
    errno(125, "ECANCELED", "Operation canceled"),
    errno(126, "ENOKEY", "Required key not available"),
    errno(129, "EKEYREJECTED", "Key was rejected by service"),
    errno(132, "ERFKILL", "Operation not possible due to RF-kill"),
    errno(524, "ENOTSUPP", "Unknown error 524"),
];

/// The error of this number, whatever its sign.
pub fn by_number(number: i32) -> Option<Errno> {
    let number = number.checked_abs()?;
    ALL.iter().find(|one| one.number == number).copied()
}

/// The error whose words end the text, and the text before them. A number in
/// brackets or a full stop may follow: `… Input/output error (5)`.
pub fn at_end(text: &str) -> Option<(&str, Errno)> {
    let bare = without_number(text.trim_end()).trim_end_matches('.');
    let known = ALL
        .iter()
        .filter_map(|one| Some((bare.strip_suffix(one.words)?, *one)));
    // The longest words win: `No such device` ends other messages too.
    known
        .filter(|(before, _)| before.is_empty() || before.ends_with([' ', ':', '(']))
        .max_by_key(|(_, one)| one.words.len())
        .or_else(|| number_at_end(text))
}

fn without_number(text: &str) -> &str {
    let inner = text
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('));
    match inner {
        Some((before, number)) if number.trim_start_matches('-').parse::<i32>().is_ok() => {
            before.trim_end()
        }
        _ => text,
    }
}

/// `… : -22`, `rc = -22`, as messages of Lustre end.
fn number_at_end(text: &str) -> Option<(&str, Errno)> {
    let (before, number) = text.trim_end().rsplit_once(' ')?;
    let is_code = number.starts_with('-') && before.ends_with([':', '=', 'c']);
    let found = by_number(number.parse().ok().filter(|_| is_code)?)?;
    Some((before, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: Option<&str>) {
        assert_eq!(at_end(text).map(|found| found.1.name), name, "{text:?}");
    }

    #[test]
    fn the_words_at_the_end_name_the_error() {
        check("x: No such file or directory", Some("ENOENT"));
        check("x: No such device", Some("ENODEV"));
        check("x: No such device or address", Some("ENXIO"));
        check("check 'a': Input/output error (5)", Some("EIO"));
        check("Device or resource busy.", Some("EBUSY"));
        check("detail <yes>: -22", Some("EINVAL"));
        check("set rc = -17", Some("EEXIST"));
        check("x -17", None);
        check("Not a directory of ours", None);
        check("x -9223372036854775808", None);
    }
}

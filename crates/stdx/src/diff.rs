//! What two texts differ in, line by line.

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Of both.
    Same,
    /// Only of the first.
    Removed,
    /// Only of the second.
    Added,
}

/// Pairs of lines compared at most; two texts that differ in more are taken as
/// wholly different between their common beginning and end.
const PAIRS_MAX: usize = 4 << 20;

/// The lines of both texts in order, each with whose it is; as few as can be
/// are of one text only.
pub fn lines<'t>(old: &'t str, new: &'t str) -> Vec<(Mark, &'t str)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let pairs = old.iter().zip(&new);
    let n_head = pairs.take_while(|(a, b)| a == b).count();
    let pairs = old[n_head..].iter().rev().zip(new[n_head..].iter().rev());
    let n_tail = pairs.take_while(|(a, b)| a == b).count();
    let (middle_old, tail) = old[n_head..].split_at(old.len() - n_head - n_tail);
    let middle_new = &new[n_head..new.len() - n_tail];
    let same = |line: &&'t str| (Mark::Same, *line);
    let mut found: Vec<(Mark, &str)> = old[..n_head].iter().map(same).collect();
    middle(middle_old, middle_new, &mut found);
    found.extend(tail.iter().map(same));
    found
}

fn middle<'t>(old: &[&'t str], new: &[&'t str], found: &mut Vec<(Mark, &'t str)>) {
    let (mut a, mut b) = (0, 0);
    let common = if (old.len() + 1).saturating_mul(new.len() + 1) <= PAIRS_MAX {
        common(old, new)
    } else {
        Vec::new()
    };
    let width = new.len() + 1;
    let rest = |a: usize, b: usize| common.get(a * width + b).copied().unwrap_or(0);
    while a < old.len() || b < new.len() {
        let is_same = a < old.len() && b < new.len() && !common.is_empty() && old[a] == new[b];
        if is_same {
            found.push((Mark::Same, old[a]));
            (a, b) = (a + 1, b + 1);
        } else if b == new.len() || (a < old.len() && rest(a + 1, b) >= rest(a, b + 1)) {
            found.push((Mark::Removed, old[a]));
            a += 1;
        } else {
            found.push((Mark::Added, new[b]));
            b += 1;
        }
    }
}

/// The length of the longest common rest from each pair of places on.
fn common(old: &[&str], new: &[&str]) -> Vec<u32> {
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            common[a * width + b] = if old[a] == new[b] {
                common[(a + 1) * width + b + 1] + 1
            } else {
                common[(a + 1) * width + b].max(common[a * width + b + 1])
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, expected: &str) {
        let told = lines(old, new).into_iter().map(|(mark, line)| {
            let mark = match mark {
                Mark::Same => ' ',
                Mark::Removed => '-',
                Mark::Added => '+',
            };
            format!("{mark}{line}")
        });
        assert_eq!(told.collect::<Vec<_>>().join(","), expected);
    }

    #[test]
    fn a_difference_marks_only_what_differs() {
        check("a\nb\nc\n", "a\nc\nd\n", " a,-b, c,+d");
        check("", "x\n", "+x");
        check("a\nb", "a\nb\n", " a, b");
        check("a\na\nb", "a\nb", " a,-a, b");
    }

    #[test]
    fn texts_that_differ_too_much_are_told_in_bounded_space() {
        let many = |word: &str| -> String { (0..3000).map(|n| format!("{word}{n}\n")).collect() };
        let (old, new) = (
            format!("head\n{}", many("a")),
            format!("head\n{}", many("b")),
        );
        let told = lines(&old, &new);
        assert_eq!(told.len(), 6001);
        assert_eq!(told[0], (Mark::Same, "head"));
    }
}

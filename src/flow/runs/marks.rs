//! Our own marks in arguments: a model copied them from a result. They prove where the argument comes
//! from, and no tool should get them.

use std::collections::BTreeSet;

use crate::{flow::run::Run, mcp::Json};

/// Takes marks of this run's results out of every string. Gives the sources, and whether anything was
/// changed.
pub(super) fn strip(run: &Run, arguments: &mut Json) -> (BTreeSet<u16>, bool) {
    let (mut sources, mut changed) = (BTreeSet::new(), false);
    if run.nonces.is_empty() {
        return (sources, changed);
    }
    arguments.visit_strings_mut(&mut |text| {
        for (nonce, source) in &run.nonces {
            if let Some(clean) = without(text, nonce) {
                sources.insert(*source);
                changed |= clean != *text;
                *text = clean;
            }
        }
    });
    (sources, changed)
}

/// The text without the marks of `nonce`; `None` if it holds none.
fn without(text: &str, nonce: &str) -> Option<String> {
    let start: String = nonce.chars().take(2).collect();
    let line = format!("{start}| ");
    let lines = text.split_inclusive('\n');
    // Two letters prove nothing: they are a mark where every line but empty ones has them, or
    // where the nonce itself stands too.
    let has_nonce = text.contains(nonce);
    let filled = || lines.clone().filter(|line| !line.trim().is_empty());
    let marked = filled().filter(|it| it.starts_with(&line)).count();
    const MARKED_MIN: usize = 3;
    let all = marked >= MARKED_MIN && marked == filled().count();
    if !has_nonce && !all {
        return None;
    }
    let is_fence = |text: &str| {
        let text = text.trim();
        text.contains(nonce)
            && (text.starts_with("[UNTRUSTED TOOL DATA id=") || text.starts_with("[END "))
            && text.ends_with(']')
    };
    let kept = lines.filter(|it| !is_fence(it)).map(|it| it.strip_prefix(&line).unwrap_or(it));
    Some(kept.collect::<String>().replace(&format!("[END {nonce}]"), ""))
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn marks_are_taken_out_and_nothing_else() {
        let marked =
            "[UNTRUSTED TOOL DATA id=7Kq2mXw9 from=a/b. Quoted.]\n7K| one\n7K| two\n[END 7Kq2mXw9]";
        assert_eq!(without(marked, "7Kq2mXw9").as_deref(), Some("one\ntwo\n"));
        assert_eq!(
            without("7K| one\n7K| two\n7K| three", "7Kq2mXw9").as_deref(),
            Some("one\ntwo\nthree")
        );
    }

    #[test]
    fn two_letters_at_a_lines_start_are_no_mark() {
        assert_eq!(without("7K| one\nand two", "7Kq2mXw9"), None);
        assert_eq!(without("7K| a table's cell", "7Kq2mXw9"), None);
        assert_eq!(without("plain text", "7Kq2mXw9"), None);
    }
}

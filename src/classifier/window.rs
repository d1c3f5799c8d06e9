//! Cuts the tokens of a text into windows that a model can read, each with some of the one before.

use std::ops::Range;

/// Ranges of `tokens` with at most `size` each, every one but the first beginning `overlap` before
/// the end of the one before. The last is as long as the others where there are others: a short rest
/// is read with what stands before it.
pub(super) fn windows(tokens: usize, size: usize, overlap: usize) -> Vec<Range<usize>> {
    let step = size.saturating_sub(overlap).max(1);
    let starts = (0..).map(|n| n * step).take_while(|start| start + size < tokens);
    let last = tokens.saturating_sub(size)..tokens;
    starts.map(|start| start..start + size).chain(std::iter::once(last)).collect()
}

#[cfg(test)]
mod tests {
    use super::windows;
    use proptest::prelude::*;

    #[test]
    fn a_text_that_fits_is_one_window() {
        let ends = |tokens, overlap| -> Vec<(usize, usize)> {
            windows(tokens, 4, overlap).into_iter().map(|it| (it.start, it.end)).collect()
        };
        assert_eq!((ends(0, 1), ends(4, 1)), (vec![(0, 0)], vec![(0, 4)]));
        assert_eq!(ends(5, 1), [(0, 4), (1, 5)]);
        assert_eq!(ends(8, 2), [(0, 4), (2, 6), (4, 8)]);
    }

    proptest! {
        /// Whatever lies within as many tokens as windows share is whole in one of them.
        #[test]
        fn nothing_short_is_cut_in_every_window(tokens in 0_usize..500, size in 2_usize..40, overlap in 0_usize..20) {
            let overlap = overlap.min(size - 1);
            let windows = windows(tokens, size, overlap);
            prop_assert!(windows.iter().all(|it| it.len() <= size && it.end <= tokens));
            for start in 0..tokens {
                let end = (start + overlap.max(1)).min(tokens);
                prop_assert!(windows.iter().any(|it| it.start <= start && end <= it.end), "{start}..{end}");
            }
        }
    }
}

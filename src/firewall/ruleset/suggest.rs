//! The word that was probably meant.

/// The longest word that is compared, in bytes; the time is bounded by its square.
const WORD_BYTES_MAX: usize = 64;

/// The candidate that lies nearest to the word, if one lies near: a third of its letters at most
/// may be missing, wrong or too many.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let away = |candidate: &'a str| (distance(word.as_bytes(), candidate.as_bytes()), candidate);
    let (steps, nearest) = candidates.into_iter().map(away).min_by_key(|(steps, _)| *steps)?;
    (steps <= nearest.len().div_ceil(3)).then_some(nearest)
}

/// How many bytes must be put in, taken out, replaced or swapped with their neighbour (optimal string
/// alignment).
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut rows = vec![vec![0_usize; to.len() + 1]; from.len() + 1];
    let cell = |rows: &[Vec<usize>], a: usize, b: usize| -> usize {
        rows.get(a).and_then(|row| row.get(b)).copied().unwrap_or(usize::MAX / 2)
    };
    for a in 0..=from.len() {
        for b in 0..=to.len() {
            let (Some(above), Some(left)) = (a.checked_sub(1), b.checked_sub(1)) else {
                set(&mut rows, a, b, a.max(b));
                continue;
            };
            let differs = usize::from(from.get(above) != to.get(left));
            let mut steps = cell(&rows, above, left) + differs;
            steps = steps.min(cell(&rows, above, b) + 1).min(cell(&rows, a, left) + 1);
            let swapped = a > 1
                && b > 1
                && from.get(above) == to.get(left - 1)
                && from.get(above - 1) == to.get(left);
            if swapped {
                steps = steps.min(cell(&rows, above - 1, left - 1) + 1);
            }
            set(&mut rows, a, b, steps);
        }
    }
    cell(&rows, from.len(), to.len())
}

fn set(rows: &mut [Vec<usize>], a: usize, b: usize, steps: usize) {
    if let Some(cell) = rows.get_mut(a).and_then(|row| row.get_mut(b)) {
        *cell = steps;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_named_and_a_far_one_is_not() {
        let keys = ["pattern", "literals", "surfaces"];
        assert_eq!(nearest("patern", keys), Some("pattern"));
        assert_eq!(nearest("surface", keys), Some("surfaces"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest(&"x".repeat(65), keys), None);
    }

    #[test]
    fn the_distance_counts_insertions_removals_and_replacements() {
        for (from, to, steps) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("a", "a", 0),
            ("lwo", "low", 1),
        ] {
            assert_eq!(distance(from.as_bytes(), to.as_bytes()), steps, "{from} {to}");
        }
    }
}

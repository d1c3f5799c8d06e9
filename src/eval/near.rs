//! Texts that are nearly the same: one mistake about a template is one mistake, however often the
//! template was filled in.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

/// Words that are compared together.
const WORDS: usize = 3;
/// Hashes that stand for a text (Broder 1997).
const SKETCH: usize = 64;

/// How many families of near-duplicates there are: texts that share half of what stands for them.
pub fn families<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    let mut kept: Vec<BTreeSet<u64>> = Vec::new();
    for text in texts {
        let sketch = sketch(text);
        let alike = |other: &BTreeSet<u64>| {
            let shared = sketch.intersection(other).count();
            2 * shared >= sketch.len().min(other.len()).max(1)
        };
        if !kept.iter().any(alike) {
            kept.push(sketch);
        }
    }
    kept.len()
}

/// The smallest hashes of a text's runs of words. Numbers are all one.
fn sketch(text: &str) -> BTreeSet<u64> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| match word.bytes().any(|byte| byte.is_ascii_digit()) {
            true => "0".to_owned(),
            false => word.to_lowercase(),
        })
        .collect();
    let runs = words.windows(WORDS.min(words.len().max(1)));
    let mut hashes: BTreeSet<u64> = runs
        .map(|run| {
            let mut hasher = DefaultHasher::new();
            run.hash(&mut hasher);
            hasher.finish()
        })
        .collect();
    while hashes.len() > SKETCH {
        hashes.pop_last();
    }
    hashes
}

#[cfg(test)]
mod tests {
    use super::families;

    #[test]
    fn a_template_that_is_filled_in_is_one_family() {
        let filled = |number: u32| {
            format!("Your parcel {number} leaves the depot on day {number} and arrives soon after.")
        };
        let texts: Vec<String> = (0..9).map(filled).chain(["Quite another text.".into()]).collect();
        assert_eq!(families(texts.iter().map(String::as_str)), 2);
        assert_eq!(families(["", "one", "one two"]), 3);
    }
}

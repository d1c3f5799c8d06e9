//! Replaces spans of a text by marks that name what stood there.

use std::ops::Range;

/// Replaces every span by `[redacted:label]`.
///
/// Spans are ranges of UTF-8 bytes in any order. Overlapping and touching spans become one, under
/// the label of the first; edges inside a character move outward; what lies past the end is cut.
pub fn redact<L: AsRef<str>>(text: &str, spans: &[(Range<usize>, L)]) -> String {
    let mut output = String::with_capacity(text.len());
    let mut at = 0;
    for (span, label) in merged(text, spans) {
        output.push_str(text.get(at..span.start).unwrap_or_default());
        output.push_str("[redacted:");
        output.push_str(label);
        output.push(']');
        at = span.end;
    }
    output.push_str(text.get(at..).unwrap_or_default());
    output
}

fn merged<'a, L: AsRef<str>>(
    text: &str,
    spans: &'a [(Range<usize>, L)],
) -> Vec<(Range<usize>, &'a str)> {
    let whole = |(span, label): &'a (Range<usize>, L)| {
        let start = text.floor_char_boundary(span.start);
        (start..text.ceil_char_boundary(span.end), label.as_ref())
    };
    let mut sorted: Vec<_> = spans.iter().filter(|(span, _)| !span.is_empty()).map(whole).collect();
    // The longest first among those that start together: its label says most.
    sorted.sort_by_key(|(span, _)| (span.start, usize::MAX - span.end));
    let mut merged: Vec<(Range<usize>, &str)> = Vec::with_capacity(sorted.len());
    for (span, label) in sorted {
        match merged.last_mut() {
            Some((last, _)) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push((span, label)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_becomes_a_mark_and_the_rest_stays() {
        assert_eq!(redact("key abc end", &[(4..7, "secret.x")]), "key [redacted:secret.x] end");
        assert_eq!(redact("as it was", &[] as &[(Range<usize>, &str)]), "as it was");
    }

    #[test]
    fn overlapping_and_touching_spans_become_one() {
        let spans = [(2..4, "b"), (0..3, "a"), (4..5, "c")];
        assert_eq!(redact("0123456", &spans), "[redacted:a]56");
    }

    #[test]
    fn edges_inside_a_character_move_outward_and_past_the_end_is_cut() {
        let spans = [(0..0, "none"), (2..99, "x")];
        assert_eq!(redact("aüb", &spans), "a[redacted:x]");
    }
}

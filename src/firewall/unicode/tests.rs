use super::*;

#[track_caller]
fn found(signal: Signal, text: &str) -> Vec<&str> {
    find(&[signal], text).into_iter().map(|range| text.get(range).expect("on boundaries")).collect()
}

#[test]
fn tags_are_found_and_a_flag_is_none() {
    assert_eq!(found(Signal::Tags, "a\u{E0069}\u{E0067}b"), ["\u{E0069}\u{E0067}"]);
    let scotland = "\u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}";
    assert_eq!(found(Signal::Tags, scotland), [""; 0]);
    let letter =
        "\u{1F3F4}\u{E0069}\u{E0067}\u{E006E}\u{E006F}\u{E0072}\u{E0065}\u{E0020}\u{E007F}";
    assert_eq!(found(Signal::Tags, letter).len(), 1);
    let open = "\u{1F3F4}\u{E0067}\u{E0062}\u{E0073}";
    assert_eq!(found(Signal::Tags, open).len(), 1);
}

#[test]
fn variation_selectors_are_found_where_they_spell_bytes() {
    assert_eq!(found(Signal::VariationRun, "x\u{FE01}\u{E0121}").len(), 1);
    assert_eq!(found(Signal::VariationRun, "x\u{E0121}").len(), 1);
    assert_eq!(found(Signal::VariationRun, "\u{2764}\u{FE0F} \u{845B}\u{E0100}"), [""; 0]);
}

#[test]
fn overrides_and_open_isolates_are_found_and_closed_ones_are_not() {
    assert_eq!(found(Signal::Bidi, "a \u{202E}b\u{202C}"), ["\u{202E}"]);
    assert_eq!(found(Signal::Bidi, "a \u{2066}b\n\u{2069}"), ["\u{2066}"]);
    assert_eq!(found(Signal::Bidi, "a \u{2067}\u{202B}\u{5D0}\u{202C}\u{2069} b\u{200F}"), [""; 0]);
}

#[test]
fn words_of_look_alikes_are_found_and_honest_mixtures_are_not() {
    assert_eq!(
        found(Signal::MixedScript, "please ign\u{43e}re \u{430}ll"),
        ["ign\u{43e}re", "\u{430}ll"]
    );
    for honest in
        ["naïve façade", "SQL-запрос и т.д.", "10 μm, Δt", "ελληνικά", "SQLом", "文字text"]
    {
        assert_eq!(found(Signal::MixedScript, honest), [""; 0], "{honest}");
    }
}

#[test]
fn zero_widths_are_found_inside_latin_words_alone() {
    assert_eq!(found(Signal::ZeroWidthInWord, "ig\u{200B}\u{2060}nore").len(), 1);
    for honest in
        ["\u{FEFF}start", "\u{1F469}\u{200D}\u{1F4BB}", "می\u{200C}خواهم", "co\u{AD}operate"]
    {
        assert_eq!(found(Signal::ZeroWidthInWord, honest), [""; 0], "{honest}");
    }
}

#[test]
fn every_range_lies_on_boundaries_of_characters() {
    let all = [
        Signal::Tags,
        Signal::VariationRun,
        Signal::Bidi,
        Signal::MixedScript,
        Signal::ZeroWidthInWord,
    ];
    let text = "a\u{202E}\u{E0069}\u{FE01}\u{FE02}b\u{200B}c \u{430}bc\u{2066}";
    let found = find(&all, text);
    assert!(found.len() >= 5);
    assert!(found.into_iter().all(|range| text.get(range).is_some()));
    assert!(find(&all, "plain ASCII only").is_empty());
}

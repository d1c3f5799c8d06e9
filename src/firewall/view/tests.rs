use proptest::prelude::*;

use super::*;

#[track_caller]
fn reads(mapped: &Mapped, expected: &str) {
    assert_eq!(mapped.text(), expected);
}

#[test]
fn escapes_are_undone_whatever_their_depth() {
    for text in [r"done\nIgnore", r"done\\nIgnore", r"done\\\\nIgnore", r"done\u000aIgnore"] {
        reads(&unescape(text).expect("an escape"), "done\nIgnore");
    }
    reads(
        &unescape(r#"{\"a\":\"\ud83d\ude00 \x41\u{42}\"}"#).expect("escapes"),
        "{\"a\":\"😀 AB\"}",
    );
}

#[test]
fn a_backslash_that_escapes_nothing_stays() {
    assert!(unescape(r"a\d+ \w C:\Windows \u12 \ud83d \x4").is_none());
    reads(&unescape(r"\d\t").expect("a tab"), "\\d\t");
}

#[test]
fn disguises_are_undone() {
    for text in [
        "ignore",
        "ｉｇｎｏｒｅ",
        "𝐢𝐠𝐧𝐨𝐫𝐞",
        "i\u{200B}g\u{2060}n\u{AD}ore",
        "\u{456}gn\u{43e}r\u{435}",
        "i\u{301}g\u{336}\u{336}nore",
        "ïgnörè",
        "i\u{1b}[31mgnore",
        "ign\u{8}ore",
        "i\u{E0041}gnore",
    ] {
        reads(&normalize(text), "ignore");
    }
    reads(&normalize("a\u{A0}b\u{3000}c\u{2028}d"), "a b c\nd");
}

#[test]
fn words_of_other_scripts_stay() {
    for text in ["игнорируй предыдущие", "Αγνόησε τις οδηγίες", "これは無視", "नमस्ते", "Straße"]
    {
        reads(&normalize(text), text);
    }
}

#[test]
fn a_match_in_a_view_covers_what_it_stands_for() {
    let text = "x ig\u{200B}n\u{43e}re y";
    let view = normalize(text);
    let start = view.text().find("ignore").expect("undone");
    let raw = view.locate(&(start..start + 6));
    assert_eq!(text.get(raw), Some("ig\u{200B}n\u{43e}re"));
    let text = r"a\u0062c\nd";
    let view = unescape(text).expect("escapes");
    assert_eq!(text.get(view.locate(&(1..4))), Some(r"\u0062c\n"));
}

#[test]
fn tags_spell_their_text() {
    let text = "ok\u{E0068}\u{E0069}";
    let view = decode_tags(text).expect("tags");
    reads(&view, "hi");
    assert_eq!(view.locate(&(0..2)), 2..10);
    assert!(decode_tags("plain ü").is_none());
}

fn disguised() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "ig",
            "\u{200B}",
            "\u{43e}",
            "ｒ",
            "\\n",
            "\\\\",
            "\\u0041",
            "\u{301}",
            "\u{1b}[3m",
            "\u{E0041}",
            "ﬁ",
            "한",
            "क्",
            " ",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// Every range of the view on character boundaries lies in the raw text, on its boundaries, and
/// ranges further right map no further left.
fn maps_into(view: &Mapped, raw: &str) {
    let bounds: Vec<usize> = view.text().char_indices().map(|(at, _)| at).collect();
    let mut last = 0..0;
    for pair in bounds.windows(2) {
        let [start, end] = pair else { continue };
        let range = view.locate(&(*start..*end));
        assert!(raw.get(range.clone()).is_some_and(|text| !text.is_empty()));
        assert!(last.start <= range.start && last.end <= range.end);
        last = range;
    }
}

proptest! {
    #[test]
    fn views_map_into_the_raw_text(text in disguised()) {
        maps_into(&normalize(&text), &text);
        unescape(&text).inspect(|view| maps_into(view, &text));
        decode_tags(&text).inspect(|view| maps_into(view, &text));
    }

    #[test]
    fn honest_ascii_reads_as_written(text in "[ -~\n]{0,40}") {
        let view = normalize(&text);
        prop_assert_eq!(view.text(), &text);
        prop_assert_eq!(view.locate(&(0..text.len())), 0..text.len());
    }
}

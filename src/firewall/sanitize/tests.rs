use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

#[track_caller]
fn becomes(text: &str, expected: &str, removed: Removed) {
    let got = sanitize(text);
    assert_eq!((got.text.as_ref(), got.removed), (expected, removed));
}

#[track_caller]
fn stays(text: &str) {
    let got = sanitize(text);
    assert!(matches!(got.text, Cow::Borrowed(same) if same == text), "{:?}", got);
    assert_eq!(got.removed.total(), 0);
}

const NONE: Removed = Removed { ansi: 0, control: 0, bidi: 0, invisible: 0, tags: 0, variation: 0 };

#[test]
fn honest_text_is_borrowed_unchanged() {
    stays("");
    stays("plain\ttext\r\nwith \\x1b[31m spelled out");
    stays("Straße, déjà vu, 10 €, „Anführung“ – and so on …");
    stays("می‌خواهم کتاب‌ها را ببینم");
    stays("क्‍ष और क्‌ष");
    stays("ශ්‍රී ලංකා");
    stays("日本語の文章、葛\u{E0100}城市。辻\u{E0101}");
    stays(
        "👩\u{200D}💻 👨\u{200D}👩\u{200D}👧 🏳\u{FE0F}\u{200D}🌈 👍🏽 1\u{FE0F}\u{20E3} ❤\u{FE0F} ☎\u{FE0E}",
    );
    stays("🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} Alba");
    stays("السعر \u{200F}(10)\u{200F} و \u{2067}abc\u{2069} \u{61C}12");
    stays("ประโยค\u{200B}ภาษาไทย");
    stays("\u{FEFF}a file with its byte order mark");
    stays("line\u{2028}separator");
    stays("ᠮᠣᠩᠭᠣᠯ\u{180E}ᠠ");
}

#[test]
fn terminal_sequences_go_as_a_whole() {
    becomes("\x1b[1;31mred\x1b[0m", "red", Removed { ansi: 2, ..NONE });
    becomes("\u{9b}31mred", "red", Removed { ansi: 1, ..NONE });
    becomes("a\x1b]52;c;aGk=\x07b", "ab", Removed { ansi: 1, ..NONE });
    becomes(
        "\x1b]8;;https://e.example\x1b\\link\x1b]8;;\x1b\\",
        "link",
        Removed { ansi: 2, ..NONE },
    );
    becomes("\u{9d}0;title\u{9c}x", "x", Removed { ansi: 1, ..NONE });
    becomes("\x1bP1q#0\n~\x1b\\x\x1b(Bz\x1bc", "xz", Removed { ansi: 3, ..NONE });
    becomes("cut \x1b[12", "cut ", Removed { ansi: 1, ..NONE });
}

#[test]
fn an_unfinished_control_string_becomes_visible() {
    becomes("a\x1b]0;the rest stays", "a0;the rest stays", Removed { ansi: 1, ..NONE });
    becomes("\x1b]0;one\x1b]0;two\x07", "0;one", Removed { ansi: 2, ..NONE });
}

#[test]
fn controls_go() {
    becomes("a\0b\x08c\x7fd\u{85}e\x1b", "abcde", Removed { control: 5, ..NONE });
}

#[test]
fn hidden_text_in_tags_and_selectors_goes() {
    becomes("hi\u{E0068}\u{E0069}", "hi", Removed { tags: 2, ..NONE });
    becomes(
        "🏴\u{E0067}\u{E0062}\u{E0061}\u{E0062}\u{E0063}\u{E0064}\u{E0065}\u{E007F}",
        "🏴",
        Removed { tags: 8, ..NONE },
    );
    becomes("😀\u{FE0F}\u{E0120}\u{E0130}", "😀\u{FE0F}", Removed { variation: 2, ..NONE });
    becomes("a\u{FE0F}", "a", Removed { variation: 1, ..NONE });
    becomes("葛\u{E0100}\u{E0101}", "葛\u{E0100}", Removed { variation: 1, ..NONE });
}

#[test]
fn direction_changes_go_and_balanced_isolates_stay() {
    becomes("a\u{202E}b\u{202C}", "ab", Removed { bidi: 2, ..NONE });
    becomes("\u{2066}a\u{2069}\u{2069}", "\u{2066}a\u{2069}", Removed { bidi: 1, ..NONE });
    becomes("\u{2067}a\nb\u{2069}", "a\nb", Removed { bidi: 2, ..NONE });
    becomes("\u{200E}\u{200F}\u{200E}a", "\u{200E}\u{200F}a", Removed { bidi: 1, ..NONE });
}

#[test]
fn zero_width_characters_inside_latin_words_go() {
    becomes(
        "ig\u{200B}no\u{200D}re\u{2060}d\u{AD}\u{FEFF}",
        "ignored",
        Removed { invisible: 5, ..NONE },
    );
    becomes("می\u{200C}\u{200C}خواهم", "می\u{200C}خواهم", Removed { invisible: 1, ..NONE });
}

/// Characters whose neighbours matter, often enough to meet.
fn awkward() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "\x1b", "[", "]", "3", "m", "\x07", "\\", "\u{9b}", "\u{9c}", "\u{9d}", "(", "\n",
            "\u{200B}", "\u{200C}", "\u{200D}", "\u{200E}", "\u{200F}", "\u{2066}", "\u{2067}",
            "\u{2069}", "\u{202E}", "\u{FE0F}", "\u{FE00}", "\u{E0100}", "\u{E0067}", "\u{E0062}",
            "\u{E0073}", "\u{E007F}", "🏴", "👩", "💻", "葛", "م", "क", "्", "ก", "\u{FEFF}",
            "\u{180E}", "ᠮ", "a", "1", "\u{34F}", "א", "\u{115F}", "\u{1160}", "ᄀ", "\u{17B4}",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn twice_is_once(text in awkward()) {
        let once = sanitize(&text);
        let twice = sanitize(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert_eq!(twice.removed.total(), 0);
    }

    #[test]
    fn what_stays_is_a_subsequence(text in awkward()) {
        let sanitized = sanitize(&text);
        let mut source = text.chars();
        prop_assert!(sanitized.text.chars().all(|kept| source.any(|c| c == kept)));
    }
}

//! Marks inside a text: what is put in, and how it comes off again.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::Nonce;

/// Signs that stand for blanks; chosen for what they cost (one or two tokens a word in o200k) and
/// for being rare in prose.
const BLANK_MARKS: [char; 6] = ['^', 'ˆ', '¦', '¬', '§', '¤'];

/// One way to mark a text inside. Without its marks a text is again what it was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Marking {
    /// This before every line.
    Lines(String),
    /// This in the place of every blank outside of code and paths.
    Blanks(char),
    /// The whole text encoded.
    Base64,
}

impl Marking {
    /// Prefixes of lines, as short as none of the texts has a line that begins with one.
    pub(super) fn lines(nonce: &Nonce, texts: &[&str]) -> Self {
        const CHARS_MIN: usize = 2;
        let nonce = nonce.as_str();
        let prefix = |chars: usize| format!("{}| ", nonce.chars().take(chars).collect::<String>());
        let taken = |prefix: &String| {
            texts.iter().any(|text| text.lines().any(|line| line.starts_with(prefix.as_str())))
        };
        // No text holds the whole nonce, so the last one is free.
        let free = (CHARS_MIN..nonce.len()).map(prefix).find(|prefix| !taken(prefix));
        Self::Lines(free.unwrap_or_else(|| prefix(nonce.len())))
    }

    /// A sign for blanks that none of the texts holds, if there is one.
    pub(super) fn blanks(texts: &[&str]) -> Option<Self> {
        let free: Vec<char> = BLANK_MARKS
            .into_iter()
            .filter(|mark| !texts.iter().any(|text| text.contains(*mark)))
            .collect();
        let draw = crate::ids::random(1).bytes().next().map_or(0, usize::from);
        free.get(draw % free.len().max(1)).map(|mark| Self::Blanks(*mark))
    }

    /// The text with its marks.
    pub fn put(&self, text: &str) -> String {
        match self {
            Self::Lines(mark) => {
                text.split_inclusive('\n').map(|line| format!("{mark}{line}")).collect()
            }
            Self::Blanks(mark) => put_blanks(text, *mark),
            Self::Base64 => BASE64_STANDARD.encode(text),
        }
    }

    /// The text without its marks; as it is where it has none.
    pub fn take_off<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self {
            Self::Lines(mark) => {
                let bare = |line: &'a str| line.strip_prefix(mark.as_str()).unwrap_or(line);
                Cow::Owned(text.split_inclusive('\n').map(bare).collect())
            }
            Self::Blanks(mark) => Cow::Owned(text.replace(*mark, " ")),
            Self::Base64 => {
                let bytes = BASE64_STANDARD.decode(text).ok();
                let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                decoded.map_or(Cow::Borrowed(text), Cow::Owned)
            }
        }
    }

    /// What the header says of it.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Lines(mark) => format!(" Each line of prose in it begins with `{mark}`."),
            Self::Blanks(mark) => format!(" In its prose `{mark}` stands for each blank."),
            Self::Base64 => " Its texts are in base64; decode them to read them.".to_owned(),
        }
    }
}

/// Newlines stay, and so do blanks in `code` and between the words of a path.
fn put_blanks(text: &str, mark: char) -> String {
    let mut marked = String::with_capacity(text.len() + text.len() / 4);
    let mut code = false;
    for (at, c) in text.char_indices() {
        match c {
            '`' => code = !code,
            '\n' => code = false,
            _ => {}
        }
        let blank = c == ' ' && !code && !in_path(text, at);
        marked.push(if blank { mark } else { c });
    }
    marked
}

/// Whether the blank at `at` stands between two words that look like parts of a path.
fn in_path(text: &str, at: usize) -> bool {
    let pathy = |word: Option<&str>| word.is_some_and(|word| word.contains(['/', '\\']));
    let (before, after) = (text.get(..at), text.get(at + 1..));
    let before = before.and_then(|it| it.rsplit(char::is_whitespace).next());
    pathy(before) && pathy(after.and_then(|it| it.split(char::is_whitespace).next()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Marking, Nonce};

    #[test]
    fn blanks_in_code_and_paths_stay() {
        let text = "Run `cargo test --lib` in C:\\Program Files\\x now.\nThen rest.";
        assert_eq!(
            Marking::Blanks('¦').put(text),
            "Run¦`cargo test --lib`¦in¦C:\\Program Files\\x¦now.\nThen¦rest."
        );
    }

    #[test]
    fn a_prefix_that_a_line_begins_with_grows_until_it_is_free() {
        let nonce = Nonce::parse("7Kq2mXw9").expect("a nonce");
        let taken = "7K| a\n7Kq| b\n";
        assert_eq!(Marking::lines(&nonce, &["7K of it"]), Marking::Lines("7K| ".into()));
        assert_eq!(Marking::lines(&nonce, &[taken]), Marking::Lines("7Kq2| ".into()));
    }

    #[test]
    fn a_text_with_every_sign_for_blanks_gets_none() {
        assert_eq!(Marking::blanks(&["^ ˆ ¦", "¬ § ¤"]), None);
        assert_eq!(Marking::blanks(&["^ ˆ ¦ ¬ §"]), Some(Marking::Blanks('¤')));
    }

    proptest! {
        #[test]
        fn without_its_marks_a_text_is_again_what_it_was(text in "[ a-z`/\\\\.\r\n|7Kqé^]{0,80}") {
            let nonce = Nonce::parse("7Kq2mXw9").expect("a nonce");
            let blanks = Marking::blanks(&[&text]).expect("a free sign");
            for marking in [Marking::lines(&nonce, &[&text]), blanks, Marking::Base64] {
                let marked = marking.put(&text);
                prop_assert_eq!(marking.take_off(&marked), text.as_str());
            }
        }
    }
}

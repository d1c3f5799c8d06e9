//! A text that a pattern matches, with placeholders where it is random, so that a draft has an
//! example and no file holds what looks like a secret.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Placeholders of examples, from the widest alphabet to the narrowest.
const ALPHABETS: [(&str, &str); 6] = [
    ("alnum", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
    ("base32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    ("upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("lower", "abcdefghijklmnopqrstuvwxyz"),
    ("hex", "0123456789abcdef"),
    ("digits", "0123456789"),
];
/// Characters that stand for an open repetition: enough for entropy to show.
const OPEN_CHARS: u32 = 24;
/// Characters of one repetition.
const CHARS_MAX: u32 = 4096;

/// How long repetitions become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// As the pattern asks.
    Right,
    /// Half of that, so that the pattern nearly matches.
    Half,
}

/// A text for the pattern; `None` if it does not parse.
pub(super) fn sample(pattern: &str, length: Length) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut output = String::new();
    write(&hir, length, &mut output);
    Some(output)
}

fn write(hir: &Hir, length: Length, output: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => output.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => characters(class, 1, output),
        HirKind::Capture(capture) => write(&capture.sub, length, output),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, length, output)),
        HirKind::Alternation(parts) => {
            if let Some(first) = parts.first() {
                write(first, length, output);
            }
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            let least = repetition.min;
            let class = match repetition.sub.kind() {
                HirKind::Class(class) => Some(class),
                _ => None,
            };
            match class {
                // What may be left out is left out.
                _ if least == 0 => {}
                Some(class) => {
                    let count = OPEN_CHARS.clamp(least, most).min(CHARS_MAX);
                    let half = length == Length::Half && least >= 4;
                    characters(class, if half { least / 2 } else { count }, output);
                }
                None => {
                    (0..least.min(CHARS_MAX)).for_each(|_| write(&repetition.sub, length, output))
                }
            }
        }
    }
}

/// So many characters of the class, by a placeholder if one fits.
fn characters(class: &Class, count: u32, output: &mut String) {
    let fits = |alphabet: &str| alphabet.chars().all(|c| holds(class, c));
    if let Some((name, _)) = ALPHABETS.iter().find(|(_, alphabet)| fits(alphabet)) {
        output.push_str(&format!("<{name}:{count}>"));
        return;
    }
    let usual = "abcdefghijklmnopqrstuvwxyz0123456789 -_.:=/'\"ABCDEFGHIJKLMNOPQRSTUVWXYZ".chars();
    let printable = (' '..='~').chain(['\n', '\t']);
    if let Some(c) = usual.chain(printable).find(|c| holds(class, *c)).or_else(|| first(class)) {
        output.extend(std::iter::repeat_n(c, usize::try_from(count).unwrap_or_default()));
    }
}

fn holds(class: &Class, c: char) -> bool {
    match class {
        Class::Unicode(class) => class.iter().any(|it| it.start() <= c && c <= it.end()),
        Class::Bytes(class) => u8::try_from(c)
            .is_ok_and(|byte| class.iter().any(|it| it.start() <= byte && byte <= it.end())),
    }
}

fn first(class: &Class) -> Option<char> {
    match class {
        Class::Unicode(class) => class.iter().next().map(|range| range.start()),
        Class::Bytes(class) => class.iter().next().map(|range| char::from(range.start())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Length, sample};

    #[test]
    fn random_parts_become_placeholders_and_words_stay() {
        let right = |pattern| sample(pattern, Length::Right);
        assert_eq!(right(r"\b(acme_[A-Za-z0-9]{32})\b").as_deref(), Some("acme_<alnum:32>"));
        assert_eq!(right(r"(?i)key\s*=\s*[a-f0-9]{8,}").as_deref(), Some("key=<hex:24>"));
        assert_eq!(right(r"(?:ab|cd){2}x?").as_deref(), Some("abab"));
        assert_eq!(right("[").as_deref(), None);
        assert_eq!(sample("acme_[0-9]{8}", Length::Half).as_deref(), Some("acme_<digits:4>"));
    }
}

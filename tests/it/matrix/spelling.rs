//! Ways to write a text so that a machine still reads it.

use std::io::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};

/// One of them.
pub(super) struct Way {
    /// As the page calls it.
    pub(super) name: &'static str,
    pub(super) write: fn(&str) -> String,
}

const fn named(name: &'static str, write: fn(&str) -> String) -> Way {
    Way { name, write }
}

pub(super) const ALL: &[Way] = &[
    named("plain", str::to_owned),
    named("upper-case", |text| text.to_uppercase()),
    named("base64", base64),
    named("base64url", |text| URL_SAFE_NO_PAD.encode(text)),
    named("base64-lines", lines),
    named("base64-twice", |text| base64(&base64(text))),
    named("hex", |text| each_byte(text, |byte| format!("{byte:02x}"))),
    named("percent", percent),
    named("percent-twice", |text| percent(text).replace('%', "%25")),
    named("html-entities", |text| each(text, |c| format!("&#{};", u32::from(c)))),
    named("html-entities-hex", |text| each(text, |c| format!("&#x{:X};", u32::from(c)))),
    named("json-escapes", |text| each(text, |c| format!("\\u{:04x}", u32::from(c)))),
    named("rot13", rot13),
    named("rot13-base64", |text| base64(&rot13(text))),
    named("gzip-base64", gzip),
    named("zlib-base64", zlib),
    named("fullwidth", |text| each(text, |c| from(c, 0x21, 0x7E, 0xFF01))),
    named("mathematical", |text| each(text, |c| from(c, 0x61, 0x7A, 0x1D41A))),
    named("cyrillic", cyrillic),
    named("zero-width", |text| each(text, |c| format!("{c}\u{200B}"))),
    named("soft-hyphens", |text| each(text, |c| format!("{c}\u{AD}"))),
    named("tag-characters", |text| each(text, |c| from(c, 0x20, 0x7E, 0xE0020))),
    named("variation-selectors", selectors),
    named("accents", |text| {
        each(text, |c| if c == ' ' { " ".into() } else { format!("{c}\u{301}") })
    }),
    named("terminal-colours", |text| each(text, |c| format!("\u{1b}[31m{c}"))),
    named("leet-light", |text| replaced(text, &[('i', '1'), ('o', '0')])),
    named("leet", leet),
    named("leet-separators", |text| spaced(&leet(text), '.')),
    named("separators", |text| spaced(text, '-')),
    named("html-comment", |text| format!("<p>Hello</p><!-- {text} -->")),
    named("hidden-style", |text| format!("<p>Hi</p><div style=\"display:none\">{text}</div>")),
    named("markup-inside", markup),
    named("markdown-title", |text| format!("[docs](https://example.org \"{text}\")")),
];

/// The way of this name.
pub(super) fn way(name: &str) -> fn(&str) -> String {
    ALL.iter().find(|way| way.name == name).expect("a way of this name").write
}

fn each(text: &str, write: impl Fn(char) -> String) -> String {
    text.chars().map(write).collect()
}

fn each_byte(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

/// A character of a range as the one at the same place of another; others stay.
fn from(c: char, first: u32, last: u32, base: u32) -> String {
    let code = u32::from(c);
    let moved = (first..=last).contains(&code).then(|| char::from_u32(base + code - first));
    moved.flatten().unwrap_or(c).to_string()
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// Wrapped as mail does it.
fn lines(text: &str) -> String {
    let long = format!("{text}, and then go on with the rest of the page as if nothing were there");
    let encoded = base64(&long).into_bytes();
    let lines: Vec<_> = encoded.chunks(64).map(String::from_utf8_lossy).collect();
    lines.join("\n")
}

fn percent(text: &str) -> String {
    each_byte(text, |byte| format!("%{byte:02X}"))
}

fn rot13(text: &str) -> String {
    let turned = |c: u8, first: u8| char::from(first + (c - first + 13) % 26);
    each(text, |c| match c {
        'a'..='z' => turned(c as u8, b'a').to_string(),
        'A'..='Z' => turned(c as u8, b'A').to_string(),
        c => c.to_string(),
    })
}

fn gzip(text: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).expect("memory takes all");
    STANDARD.encode(encoder.finish().expect("memory takes all"))
}

fn zlib(text: &str) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).expect("memory takes all");
    STANDARD.encode(encoder.finish().expect("memory takes all"))
}

fn replaced(text: &str, pairs: &[(char, char)]) -> String {
    let other = |c| pairs.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to);
    text.chars().map(other).collect()
}

fn cyrillic(text: &str) -> String {
    replaced(
        text,
        &[('a', 'а'), ('c', 'с'), ('e', 'е'), ('i', 'і'), ('o', 'о'), ('p', 'р'), ('s', 'ѕ')],
    )
}

fn leet(text: &str) -> String {
    replaced(text, &[('a', '4'), ('e', '3'), ('i', '1'), ('o', '0'), ('s', '5'), ('t', '7')])
}

fn selectors(text: &str) -> String {
    let selector = |byte: u8| match byte {
        0..16 => char::from_u32(0xFE00 + u32::from(byte)),
        _ => char::from_u32(0xE0100 + u32::from(byte) - 16),
    };
    let hidden: String = text.bytes().filter_map(selector).collect();
    format!("😀{hidden}")
}

/// The letters of each word apart.
fn spaced(text: &str, separator: char) -> String {
    let word = |word: &str| {
        word.chars().map(String::from).collect::<Vec<_>>().join(&separator.to_string())
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Tags inside words, which a browser does not show.
fn markup(text: &str) -> String {
    let cut = |word: &str| match word.split_at_checked(2) {
        Some((start, rest)) => format!("{start}<b></b>{rest}"),
        None => word.to_owned(),
    };
    format!("<p>{}</p>", text.split(' ').map(cut).collect::<Vec<_>>().join(" "))
}

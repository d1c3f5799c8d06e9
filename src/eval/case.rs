//! A labelled text, one line of JSON.

use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;

/// Bytes of one line.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// The first bytes of what gzip wrote (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// One text, and whether it asks an agent for something.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub id: String,
    pub text: String,
    pub attack: bool,
    /// Where it comes from.
    pub set: String,
    /// Its family in the set, or nothing.
    pub sub: String,
}

/// As it is written; other members are not looked at.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: serde_json::Value,
    text: String,
    label: u8,
    #[serde(default)]
    set: Option<String>,
    #[serde(default)]
    sub: Option<String>,
}

/// A line that is no case.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line}: {why}; write {{\"id\": …, \"text\": \"…\", \"label\": 0 or 1, \"set\": \"…\", \"sub\": \"…\"}}"
)]
pub struct BadLine {
    pub line: usize,
    pub why: String,
}

/// Every line of `input`, which may be gzipped.
///
/// # Errors
/// The first line that is no case, or cannot be read.
pub fn read(input: impl Read) -> Result<Vec<Case>, BadLine> {
    let mut input = BufReader::new(input);
    let packed = input.fill_buf().map_err(|error| bad(1, &error))?.starts_with(&GZIP);
    let lines: Box<dyn BufRead> = match packed {
        true => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(input))),
        false => Box::new(input),
    };
    let mut lines = lines.take(LINE_BYTES_MAX);
    let (mut cases, mut line, mut text) = (Vec::new(), 0, String::new());
    loop {
        line += 1;
        lines.set_limit(LINE_BYTES_MAX);
        text.clear();
        if lines.read_line(&mut text).map_err(|error| bad(line, &error))? == 0 {
            return Ok(cases);
        }
        if text.trim().is_empty() {
            continue;
        }
        let read: Line = serde_json::from_str(&text).map_err(|error| bad(line, &error))?;
        if read.label > 1 {
            let why = format!("`label` is {}, neither 0 nor 1", read.label);
            return Err(BadLine { line, why });
        }
        let id = read.id.as_str().map_or_else(|| read.id.to_string(), str::to_owned);
        let (set, sub) =
            (read.set.unwrap_or_else(|| "all".to_owned()), read.sub.unwrap_or_default());
        cases.push(Case { id, text: read.text, attack: read.label == 1, set, sub });
    }
}

fn bad(line: usize, error: &dyn std::error::Error) -> BadLine {
    BadLine { line, why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const LINES: &str = "{\"id\":7,\"text\":\"one\",\"label\":1,\"set\":\"s\",\"sub\":\"t\",\"more\":0}\n\n{\"text\":\"two\",\"label\":0}\n";

    #[test]
    fn lines_are_read_plain_and_packed() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(LINES.as_bytes()).expect("written");
        let packed = packed.finish().expect("packed");
        for bytes in [LINES.as_bytes(), &packed] {
            let cases = read(bytes).expect("cases");
            let told: Vec<_> =
                cases.iter().map(|it| (it.id.as_str(), it.attack, it.set.as_str())).collect();
            assert_eq!(told, [("7", true, "s"), ("null", false, "all")]);
        }
    }

    #[test]
    fn a_line_that_is_no_case_is_named() {
        for (text, line) in
            [("{\"text\":\"one\",\"label\":2}", 1), ("\n{\"label\":1}", 2), ("no", 1)]
        {
            assert_eq!(read(text.as_bytes()).expect_err("bad").line, line, "{text}");
        }
    }
}

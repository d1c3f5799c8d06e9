//! The strict parser. It accepts RFC 8259 and refuses what I-JSON (RFC 7493) warns of.

use std::collections::HashSet;

use super::{Json, Number, Object};

/// How much a peer may send in one message.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one message.
    pub bytes_max: usize,
    /// Nested arrays and objects.
    pub depth_max: usize,
    /// Values in one message, keys not counted.
    pub values_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes_max: 16 << 20, depth_max: 64, values_max: 1_000_000 }
    }
}

/// Why bytes are not a message. `at` is the byte offset.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseError {
    #[error("{bytes} bytes are more than `limits.message_bytes_max` ({limit})")]
    TooLong { bytes: usize, limit: usize },
    #[error("nested deeper than `limits.depth_max` ({limit}) at byte {at}")]
    TooDeep { at: usize, limit: usize },
    #[error("more values than `limits.values_max` ({limit})")]
    TooMany { limit: usize },
    #[error("not UTF-8 at byte {at}")]
    NotUtf8 { at: usize },
    #[error("duplicate key at byte {at}")]
    DuplicateKey { at: usize },
    #[error("not JSON at byte {at}: {what}")]
    Syntax { at: usize, what: &'static str },
}

/// Parses exactly one JSON value.
///
/// # Errors
/// Anything but one well-formed value within `limits`.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, ParseError> {
    if bytes.len() > limits.bytes_max {
        return Err(ParseError::TooLong { bytes: bytes.len(), limit: limits.bytes_max });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ParseError::NotUtf8 { at: error.valid_up_to() })?;
    let mut parser = Parser { text, bytes, at: 0, depth: 0, values: 0, limits };
    let value = parser.value()?;
    parser.skip_space();
    if parser.at != bytes.len() {
        return Err(parser.syntax("something follows the value"));
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    values: usize,
    limits: &'a Limits,
}

/// Below this many members comparing all keys is cheaper than a hash set.
const KEYS_COMPARED_MAX: usize = 12;

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Json, ParseError> {
        self.skip_space();
        self.values += 1;
        if self.values > self.limits.values_max {
            return Err(ParseError::TooMany { limit: self.limits.values_max });
        }
        match self.peek() {
            Some(b'"') => self.string().map(Json::String),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.syntax("no value starts like this")),
            None => Err(self.syntax("the text ends here")),
        }
    }

    fn nested(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<Json, ParseError>,
    ) -> Result<Json, ParseError> {
        if self.depth == self.limits.depth_max {
            return Err(ParseError::TooDeep { at: self.at, limit: self.limits.depth_max });
        }
        self.depth += 1;
        self.at += 1;
        let value = parse(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Json, ParseError> {
        let mut items = Vec::new();
        self.skip_space();
        if self.eat(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.eat(b']') {
                return Ok(Json::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.syntax("expected `,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Json, ParseError> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut seen: Option<HashSet<String>> = None;
        self.skip_space();
        if self.eat(b'}') {
            return Ok(Json::Object(Object::new()));
        }
        loop {
            self.skip_space();
            let key_at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.syntax("expected a key"));
            }
            let key = self.string()?;
            if is_duplicate(&members, &mut seen, &key) {
                return Err(ParseError::DuplicateKey { at: key_at });
            }
            self.skip_space();
            if !self.eat(b':') {
                return Err(self.syntax("expected `:`"));
            }
            members.push((key, self.value()?));
            self.skip_space();
            if self.eat(b'}') {
                return Ok(Json::Object(Object::from_members(members)));
            }
            if !self.eat(b',') {
                return Err(self.syntax("expected `,` or `}`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, ParseError> {
        self.at += 1;
        let start = self.at;
        self.plain_run();
        if self.peek() == Some(b'"') {
            let text = self.slice(start, self.at).to_owned();
            self.at += 1;
            return Ok(text);
        }
        let mut text = self.slice(start, self.at).to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.syntax("a control character must be escaped")),
                None => return Err(self.syntax("the string does not end")),
            }
            let run = self.at;
            self.plain_run();
            text.push_str(self.slice(run, self.at));
        }
    }

    /// Moves over bytes that need no thought.
    fn plain_run(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let stop = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
        self.at += stop.unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        self.at += 1;
        let escaped = self.peek().ok_or_else(|| self.syntax("the string does not end"))?;
        self.at += 1;
        Ok(match escaped {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.syntax("unknown escape")),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, ParseError> {
        let unit = self.hex4()?;
        let scalar = match unit {
            0xD800..=0xDBFF => {
                if !(self.eat(b'\\') && self.eat(b'u')) {
                    return Err(self.syntax("lone surrogate"));
                }
                let low = self.hex4()?;
                if !(0xDC00..=0xDFFF).contains(&low) {
                    return Err(self.syntax("lone surrogate"));
                }
                0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
            }
            _ => unit,
        };
        char::from_u32(scalar).ok_or_else(|| self.syntax("lone surrogate"))
    }

    fn hex4(&mut self) -> Result<u32, ParseError> {
        let digits = self.bytes.get(self.at..self.at + 4);
        let digits = digits.ok_or_else(|| self.syntax("expected four hex digits"))?;
        let unit = digits.iter().try_fold(0, |unit, &digit| {
            char::from(digit).to_digit(16).map(|value| unit * 16 + value)
        });
        self.at += 4;
        unit.ok_or_else(|| self.syntax("expected four hex digits"))
    }

    fn number(&mut self) -> Result<Json, ParseError> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        Ok(Json::Number(Number(self.slice(start, self.at).into())))
    }

    fn digits(&mut self) -> Result<(), ParseError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(self.syntax("expected a digit")) } else { Ok(()) }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, ParseError> {
        if self.bytes.get(self.at..).unwrap_or_default().starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.syntax("no value starts like this"))
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        // Runs start and end at ASCII bytes, so the bounds are always character bounds.
        self.text.get(from..to).unwrap_or_default()
    }

    fn syntax(&self, what: &'static str) -> ParseError {
        ParseError::Syntax { at: self.at, what }
    }
}

fn is_duplicate(members: &[(String, Json)], seen: &mut Option<HashSet<String>>, key: &str) -> bool {
    if members.len() < KEYS_COMPARED_MAX {
        return members.iter().any(|(name, _)| name == key);
    }
    let seen = seen.get_or_insert_with(|| members.iter().map(|(name, _)| name.clone()).collect());
    !seen.insert(key.to_owned())
}

//! Reads JSON with comments into a tree that remembers where every value stands in the text.
//!
//! Knows nothing of MCP; `splice` uses the places to change one value and leave every other byte.

use std::ops::Range;

use serde_json::Value;
use thiserror::Error;

/// How deep objects and arrays may nest. Client files nest below ten.
pub const MAX_DEPTH: usize = 64;

/// Why a text is no JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{line}:{column}: {reason}")]
pub struct SyntaxError {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in bytes, counted from 1.
    pub column: usize,
    /// What was found or is missing.
    pub reason: &'static str,
}

/// One value and the bytes it takes.
#[derive(Debug, Clone)]
pub struct Node {
    /// The bytes of the value, without blanks or comments around it.
    pub span: Range<usize>,
    /// What it is.
    pub shape: Shape,
}

/// The three shapes a value has.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Members in written order.
    Object(Vec<Member>),
    /// Items in written order.
    Array(Vec<Node>),
    /// String, number, boolean or null.
    Scalar(Value),
}

/// One `"key": value` of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key, unescaped.
    pub key: String,
    /// Where the key's opening quote stands.
    pub key_start: usize,
    /// The value.
    pub node: Node,
    /// Where the comma behind the value stands, if there is one.
    pub comma: Option<usize>,
}

impl Node {
    /// The value without its places.
    pub fn value(&self) -> Value {
        match &self.shape {
            Shape::Scalar(value) => value.clone(),
            Shape::Array(items) => items.iter().map(Node::value).collect(),
            Shape::Object(members) => Value::Object(
                members.iter().map(|member| (member.key.clone(), member.node.value())).collect(),
            ),
        }
    }

    /// The members, empty for anything but an object.
    pub fn members(&self) -> &[Member] {
        match &self.shape {
            Shape::Object(members) => members,
            Shape::Array(_) | Shape::Scalar(_) => &[],
        }
    }

    /// The member called `key`.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.key == key)
    }
}

/// Reads a whole text: one value, with comments and trailing commas allowed, as VS Code does.
///
/// # Errors
/// The first thing that isn't JSON, a repeated key, or more nesting than [`MAX_DEPTH`].
pub fn parse(text: &str) -> Result<Node, SyntaxError> {
    let mut scanner = Scanner { text, at: 0 };
    if text.starts_with('\u{feff}') {
        scanner.at = '\u{feff}'.len_utf8();
    }
    scanner.blank()?;
    let node = scanner.value(0)?;
    scanner.blank()?;
    match scanner.peek() {
        None => Ok(node),
        Some(_) => Err(scanner.error("there is more after the end of the value")),
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, reason: &'static str) -> SyntaxError {
        self.error_at(self.at, reason)
    }

    fn error_at(&self, at: usize, reason: &'static str) -> SyntaxError {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
        SyntaxError { line, column: at - start + 1, reason }
    }

    /// Steps over white space and comments.
    fn blank(&mut self) -> Result<(), SyntaxError> {
        loop {
            let rest = self.rest();
            let white = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            self.at += white;
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").ok_or_else(|| self.error("a comment isn't closed"))?;
                self.at += end + "*/".len();
            } else if white == 0 {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(self.error("nested too deep"));
        }
        let start = self.at;
        let shape = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Shape::Scalar(Value::String(self.string()?)),
            Some(_) => self.word()?,
            None => return Err(self.error("the file ends where a value should stand")),
        };
        Ok(Node { span: start..self.at, shape })
    }

    fn object(&mut self, depth: usize) -> Result<Shape, SyntaxError> {
        let mut members: Vec<Member> = Vec::new();
        self.at += 1;
        loop {
            self.blank()?;
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Shape::Object(members));
                }
                Some(b'"') if members.last().is_none_or(|last| last.comma.is_some()) => {
                    let member = self.object_member(depth)?;
                    if members.iter().any(|earlier| earlier.key == member.key) {
                        return Err(self.error_at(member.key_start, "this key is there twice"));
                    }
                    members.push(member);
                }
                Some(b'"') => return Err(self.error("a comma is missing")),
                None => return Err(self.error("the file ends inside an object")),
                Some(_) => return Err(self.error("a key in quotes should stand here")),
            }
        }
    }

    fn object_member(&mut self, depth: usize) -> Result<Member, SyntaxError> {
        let key_start = self.at;
        let key = self.string()?;
        self.blank()?;
        if self.peek() != Some(b':') {
            return Err(self.error("a colon is missing"));
        }
        self.at += 1;
        self.blank()?;
        let node = self.value(depth + 1)?;
        let comma = self.comma()?;
        Ok(Member { key, key_start, node, comma })
    }

    fn array(&mut self, depth: usize) -> Result<Shape, SyntaxError> {
        let mut items = Vec::new();
        let mut separated = true;
        self.at += 1;
        loop {
            self.blank()?;
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Shape::Array(items));
                }
                None => return Err(self.error("the file ends inside an array")),
                Some(_) if !separated => return Err(self.error("a comma is missing")),
                Some(_) => items.push(self.value(depth + 1)?),
            }
            separated = self.comma()?.is_some();
        }
    }

    /// Takes a comma if one comes next, and says where it stood.
    fn comma(&mut self) -> Result<Option<usize>, SyntaxError> {
        let before = self.at;
        self.blank()?;
        if self.peek() == Some(b',') {
            self.at += 1;
            return Ok(Some(self.at - 1));
        }
        self.at = before;
        Ok(None)
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(b'\n') | None => return Err(self.error_at(start, "a string isn't closed")),
                Some(_) => end += 1,
            }
        }
        let literal = self.text.get(start..=end).unwrap_or_default();
        let decoded = serde_json::from_str(literal)
            .map_err(|_| self.error_at(start, "this string has a broken escape"))?;
        self.at = end + 1;
        Ok(decoded)
    }

    fn word(&mut self) -> Result<Shape, SyntaxError> {
        let start = self.at;
        let rest = self.rest();
        let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let length = rest.find(ends).unwrap_or(rest.len());
        let literal = rest.get(..length).unwrap_or_default();
        let value = serde_json::from_str(literal)
            .map_err(|_| self.error_at(start, "a value should stand here"))?;
        self.at += length;
        Ok(Shape::Scalar(value))
    }
}

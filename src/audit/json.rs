//! Writes the little JSON that a record needs, without building a tree first.
//! Every string has a limit, so that no peer can make a record too long to be written.

/// Bytes that one string may take in a record, quotes aside. What is longer ends in `…`.
pub(super) const TEXT_BYTES_MAX: usize = 512;
/// Bytes that one element of a list may take, quotes aside.
pub(super) const ELEMENT_BYTES_MAX: usize = 128;
/// Elements that one list may have. The last one then says how many more there were.
pub(super) const ELEMENTS_MAX: usize = 64;
/// Objects of a list that are written.
const OBJECTS_MAX: usize = 16;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// One JSON object, closed by [`Object::write`].
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl Object<'_> {
    /// Writes an object whose members are what `members` adds.
    pub(super) fn write(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
        out.push(b'{');
        members(&mut Object { out: &mut *out, empty: true });
        out.push(b'}');
    }

    /// Keys are constants of ours and need no escaping.
    fn key(&mut self, key: &'static str) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(super) fn text(&mut self, key: &'static str, value: &str) {
        self.key(key);
        push_text(self.out, value, TEXT_BYTES_MAX);
    }

    /// Leaves the member out when there is no value.
    pub(super) fn text_if(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// A text and a number as one string, with a full stop between.
    pub(super) fn numbered(&mut self, key: &'static str, text: &str, number: u64) {
        self.text(key, text);
        self.out.pop();
        self.out.push(b'.');
        push_decimal(self.out, number);
        self.out.push(b'"');
    }

    pub(super) fn number(&mut self, key: &'static str, value: u64) {
        self.key(key);
        push_decimal(self.out, value);
    }

    pub(super) fn number_if(&mut self, key: &'static str, value: Option<u64>) {
        if let Some(value) = value {
            self.number(key, value);
        }
    }

    pub(super) fn signed_if(&mut self, key: &'static str, value: Option<i64>) {
        if let Some(value) = value {
            self.key(key);
            if value < 0 {
                self.out.push(b'-');
            }
            push_decimal(self.out, value.unsigned_abs());
        }
    }

    pub(super) fn flag(&mut self, key: &'static str, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Leaves the member out when the list is empty.
    pub(super) fn texts_if(&mut self, key: &'static str, values: &[&str]) {
        if values.is_empty() {
            return;
        }
        self.key(key);
        self.out.push(b'[');
        let shown = values.len().min(ELEMENTS_MAX);
        for (index, value) in values.iter().take(shown).enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            push_text(self.out, value, ELEMENT_BYTES_MAX);
        }
        if values.len() > shown {
            self.out.extend_from_slice(b",\"\xe2\x80\xa6 and ");
            push_decimal(self.out, (values.len() - shown) as u64);
            self.out.extend_from_slice(b" more\"");
        }
        self.out.push(b']');
    }

    pub(super) fn object(&mut self, key: &'static str, members: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        Object::write(self.out, members);
    }

    /// A list of objects, cut at [`OBJECTS_MAX`]; left out when it is empty.
    pub(super) fn list_if<T>(
        &mut self,
        key: &'static str,
        values: &[T],
        members: impl Fn(&mut Object<'_>, &T),
    ) {
        if values.is_empty() {
            return;
        }
        self.key(key);
        self.out.push(b'[');
        for (index, value) in values.iter().take(OBJECTS_MAX).enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            Object::write(self.out, |object| members(object, value));
        }
        self.out.push(b']');
    }

    /// A list that holds one object.
    pub(super) fn list_of_one(&mut self, key: &'static str, members: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        self.out.push(b'[');
        Object::write(self.out, members);
        self.out.push(b']');
    }
}

/// Writes `value` as a JSON string (RFC 8259 §7) of at most `limit` bytes between its quotes.
pub(super) fn push_text(out: &mut Vec<u8>, value: &str, limit: usize) {
    out.push(b'"');
    // Every byte is looked at, without an early end: such a loop becomes vector instructions.
    let plain = !value.bytes().fold(false, |found, byte| found | needs_escape(byte));
    if value.len() <= limit && plain {
        out.extend_from_slice(value.as_bytes());
    } else {
        push_escaped(out, value, limit);
    }
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, value: &str, limit: usize) {
    const ELLIPSIS: &[u8] = "…".as_bytes();
    let start = out.len();
    // Where the text is cut, should it turn out too long: the ellipsis must still fit.
    let mut cut = start;
    for character in value.chars() {
        if out.len() - start + ELLIPSIS.len() <= limit {
            cut = out.len();
        }
        push_character(out, character);
        if out.len() - start > limit {
            out.truncate(cut);
            out.extend_from_slice(ELLIPSIS);
            return;
        }
    }
}

fn push_character(out: &mut Vec<u8>, character: char) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        control if control < ' ' => {
            out.extend_from_slice(b"\\u00");
            push_hex(out, &[control as u8]);
        }
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

pub(super) fn push_decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Writes lower-case hexadecimal, the only form that a seal may have.
pub(super) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(
        bytes.iter().flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0x0f)]]),
    );
}

//! Server-sent events (WHATWG HTML §9.2): reading an upstream's stream, writing our own.

/// One event; only what MCP uses is kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Event {
    /// The `event` field, empty for the default `message`.
    pub name: String,
    pub data: Vec<u8>,
}

/// An event that grows past its limit; the stream cannot be trusted further.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a server-sent event is longer than the limit of {limit} bytes")]
pub struct TooLong {
    pub limit: usize,
}

/// Reads events out of chunks cut anywhere.
#[derive(Debug)]
pub struct Reader {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    after_cr: bool,
    at_start: bool,
    limit: usize,
    /// Of the event under way; it counts once that event is whole.
    id: Option<Vec<u8>>,
    position: Position,
}

/// Where a stream can be taken up again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Position {
    pub last_event_id: Option<Vec<u8>>,
    /// Milliseconds that the server wants to be left alone before.
    pub retry_ms: Option<u64>,
}

impl Reader {
    /// `limit`: bytes of one event, its line included.
    pub fn new(limit: usize) -> Self {
        let (event, position) = (Event::default(), Position::default());
        let (line, id) = (Vec::new(), None);
        let (has_data, after_cr, at_start) = (false, false, true);
        Self { line, event, has_data, after_cr, at_start, limit, id, position }
    }

    /// Goes on where another reader's stream broke off.
    pub fn resume(limit: usize, position: Position) -> Self {
        Self { position, ..Self::new(limit) }
    }

    pub const fn position(&self) -> &Position {
        &self.position
    }

    /// Takes a chunk and hands each finished event to `each`.
    ///
    /// # Errors
    /// An event longer than the limit.
    pub fn push(&mut self, chunk: &[u8], mut each: impl FnMut(Event)) -> Result<(), TooLong> {
        let mut rest = chunk;
        while let Some(stop) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (head, tail) = rest.split_at(stop);
            let lone_lf = self.after_cr && head.is_empty() && tail.first() == Some(&b'\n');
            self.after_cr = tail.first() == Some(&b'\r');
            rest = tail.get(1..).unwrap_or_default();
            if lone_lf {
                continue;
            }
            self.extend(head)?;
            if let Some(event) = self.end_line()? {
                each(event);
            }
        }
        if !rest.is_empty() {
            self.after_cr = false;
        }
        self.extend(rest)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + self.event.data.len() + bytes.len() > self.limit {
            return Err(TooLong { limit: self.limit });
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Event>, TooLong> {
        let line = std::mem::take(&mut self.line);
        let mut text = line.as_slice();
        if std::mem::take(&mut self.at_start) {
            text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        }
        if text.is_empty() {
            if let Some(id) = self.id.take() {
                self.position.last_event_id = (!id.is_empty()).then_some(id);
            }
            let event = std::mem::take(&mut self.event);
            return Ok(std::mem::take(&mut self.has_data).then_some(event));
        }
        let colon = text.iter().position(|&byte| byte == b':').unwrap_or(text.len());
        let (field, value) = text.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.has_data {
                    self.event.data.push(b'\n');
                }
                self.has_data = true;
                self.event.data.extend_from_slice(value);
            }
            b"id" if !value.contains(&0) => self.id = Some(value.to_vec()),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                let stated = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.position.retry_ms = stated.or(self.position.retry_ms);
            }
            b"event" => self.event.name = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
        Ok(None)
    }
}

/// Wraps a message, which holds no line break, as one event.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 32);
    out.extend_from_slice(b"event: message\ndata: ");
    out.extend_from_slice(message);
    out.extend_from_slice(b"\n\n");
    out
}

/// Keeps a quiet stream open; readers skip it.
pub const COMMENT: &[u8] = b":\r\n\r\n";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{COMMENT, Event, Reader, frame};

    fn read(chunks: &[&[u8]]) -> Vec<Event> {
        let mut reader = Reader::new(1000);
        let mut events = Vec::new();
        for chunk in chunks {
            reader.push(chunk, |event| events.push(event)).expect("within the limit");
        }
        events
    }

    const STREAM: &[u8] = b"\xef\xbb\xbf: hi\r\nid: 1\r\nevent: endpoint\r\ndata: /m\r\n\r\ndata:a\rdata: b\n\ndata\n\n: x\n\nevent: none\n\n";

    #[test]
    fn fields_comments_and_line_ends_are_understood() {
        let events = read(&[STREAM]);
        assert_eq!(events.len(), 3);
        assert_eq!(events[0], Event { name: "endpoint".into(), data: b"/m".to_vec() });
        assert_eq!(events[1].data, b"a\nb");
        assert_eq!(events[2].data, b"");
    }

    #[test]
    fn the_position_is_that_of_the_last_whole_event() {
        let mut reader = Reader::new(1000);
        let stream = b"id: 7\nretry: 500\ndata:\n\nid: 8\nretry: soon\ndata: cut";
        reader.push(stream, |_| {}).expect("within the limit");
        let position = reader.position().clone();
        assert_eq!(
            (position.last_event_id.as_deref(), position.retry_ms),
            (Some(&b"7"[..]), Some(500))
        );
        let mut reader = Reader::resume(1000, position.clone());
        reader.push(b"data: x\n\n", |_| {}).expect("within the limit");
        assert_eq!(*reader.position(), position);
    }

    #[test]
    fn our_own_frames_are_read_back() {
        let stream = [COMMENT, &frame(b"{\"a\":1}"), COMMENT].concat();
        assert_eq!(read(&[&stream])[0].data, b"{\"a\":1}");
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut reader = Reader::new(100);
        assert!(reader.push(&[b'a'; 101], |_| {}).is_err());
        let mut reader = Reader::new(100);
        assert!((0..60).any(|_| reader.push(b"data: aaaa\n", |_| {}).is_err()));
    }

    proptest! {
        #[test]
        fn a_cut_anywhere_changes_nothing(cut in 0..STREAM.len(), other in 0..STREAM.len()) {
            let (from, to) = (cut.min(other), cut.max(other));
            prop_assert_eq!(read(&[&STREAM[..from], &STREAM[from..to], &STREAM[to..]]), read(&[STREAM]));
        }
    }
}

//! The event reader's law: where a stream is cut changes nothing, no event outgrows the limit, and
//! a plain reading of the whole stream finds the same events.

use bartizan::mcp::sse::{Event, Reader};

/// The events of a stream, and whether it ended in one that was too long.
type Read = (Vec<Event>, bool);

/// The first byte chooses the limit, the second how the stream is cut; the rest is the stream.
pub(crate) fn holds(data: &[u8]) {
    let [size, cut, stream @ ..] = data else { return };
    let limit = 1 + usize::from(*size) * 8;
    let whole = read(&[stream], limit);
    assert_eq!(read(&pieces(stream, usize::from(*cut)), limit), whole, "a cut changed the events");
    let longest = whole.0.iter().map(|event| event.data.len()).max().unwrap_or(0);
    assert!(longest <= limit, "an event of {longest} bytes passed the limit of {limit}");
    if !whole.1 {
        assert_eq!(whole.0, plainly(stream), "a plain reading finds other events");
    }
}

fn read(chunks: &[&[u8]], limit: usize) -> Read {
    let (mut reader, mut events) = (Reader::new(limit), Vec::new());
    let refused =
        chunks.iter().any(|chunk| reader.push(chunk, |event| events.push(event)).is_err());
    (events, refused)
}

/// Chunks of growing length, an empty one among them.
fn pieces(stream: &[u8], cut: usize) -> Vec<&[u8]> {
    let (mut chunks, mut rest) = (Vec::new(), stream);
    let mut length = cut % 5;
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at(length.min(rest.len()));
        chunks.push(chunk);
        rest = tail;
        length = (length + cut / 5) % 23 + 1;
    }
    chunks
}

/// WHATWG HTML §9.2.6, without any thought of chunks.
fn plainly(stream: &[u8]) -> Vec<Event> {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let (mut events, mut event, mut has_data) = (Vec::new(), Event::default(), false);
    for line in lines(stream) {
        if line.is_empty() {
            let finished = std::mem::take(&mut event);
            if std::mem::take(&mut has_data) {
                events.push(finished);
            }
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, rest) = line.split_at(colon);
        let value = rest.strip_prefix(b":").unwrap_or(rest);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if field == b"event" {
            event.name = String::from_utf8_lossy(value).into_owned();
        } else if field == b"data" {
            if has_data {
                event.data.push(b'\n');
            }
            has_data = true;
            event.data.extend_from_slice(value);
        }
    }
    events
}

/// Finished lines alone: what stands after the last line end was never sent whole.
fn lines(stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut lines, mut line, mut after_cr) = (Vec::new(), Vec::new(), false);
    for &byte in stream {
        match byte {
            b'\n' if after_cr => {}
            b'\r' | b'\n' => lines.push(std::mem::take(&mut line)),
            _ => line.push(byte),
        }
        after_cr = byte == b'\r';
    }
    lines
}

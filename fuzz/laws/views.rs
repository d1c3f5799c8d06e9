//! The law of readings: every reading of a text leads back into it, on the boundaries of its
//! characters; the first is the text itself; reading twice gives the same.

use std::ops::Range;

use bartizan::firewall::{Incomplete, View, readings};

/// The most that a text and what is packed in it may be read as, per byte of it. One character of
/// compatibility stands for up to eighteen.
const READ_PER_BYTE_MAX: usize = 256 * 1024;

pub(crate) fn holds(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (first, read) = all(&text);
    assert_eq!(first.first().map(|(view, text)| (*view, text.as_str())), Some((View::Raw, &*text)));
    let size: usize = first.iter().map(|(_, text)| text.len()).sum();
    assert!(size <= (text.len() + 1) * READ_PER_BYTE_MAX, "{size} bytes of {}", text.len());
    assert_eq!((first, read), all(&text), "one text, two readings");
}

fn all(text: &str) -> (Vec<(View, String)>, Result<(), Incomplete>) {
    let mut all = Vec::new();
    let read = readings(text, &mut |view, reading, locate| {
        leads_back(reading, text, locate);
        all.push((view, reading.to_owned()));
        Ok(())
    });
    (all, read)
}

fn leads_back(reading: &str, text: &str, locate: &dyn Fn(&Range<usize>) -> Range<usize>) {
    for (at, c) in reading.char_indices() {
        let origin = locate(&(at..at + c.len_utf8()));
        let stands = text.get(origin.clone()).is_some_and(|origin| !origin.is_empty());
        assert!(stands, "{c:?} at {at} comes from {origin:?}");
    }
}

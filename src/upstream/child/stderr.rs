//! What a tool server says on its standard error: a stranger's text, made fit for the log.

use std::sync::Arc;

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::ChildStderr,
};

use crate::firewall::{conceal::conceal, sanitize::sanitize};

/// Characters of a line that are kept.
const LINE_CHARS_MAX: usize = 500;
/// Bytes of a line that are read; the rest of it is dropped.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// Logs every line until the child closes its end.
pub(super) async fn log(upstream: Arc<str>, stderr: ChildStderr) {
    let mut lines = Lines { reader: BufReader::new(stderr), key: Key::default(), broken: false };
    while let Some(text) = lines.next().await {
        tracing::debug!(upstream = %upstream, "stderr: {text}");
    }
}

struct Lines<R> {
    reader: BufReader<R>,
    key: Key,
    /// The line before was cut: what comes is its rest, which could be the rest of a secret.
    broken: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    async fn next(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut limited = tokio::io::AsyncReadExt::take(&mut self.reader, LINE_BYTES_MAX);
            let read = limited.read_until(b'\n', &mut line).await;
            if matches!(read, Ok(0) | Err(_)) {
                return None;
            }
            let rest = std::mem::replace(&mut self.broken, line.last() != Some(&b'\n'));
            let text = String::from_utf8_lossy(&line);
            let text = sanitize(text.trim_end()).text;
            if rest || self.key.holds(&text) {
                continue;
            }
            return Some(conceal(&text).chars().take(LINE_CHARS_MAX).collect());
        }
    }
}

/// A private key in PEM spans lines, and only its first says what it is.
#[derive(Default)]
struct Key {
    lines_left: usize,
}

/// Lines of a PEM file at most; RSA of 16,384 bits has two hundred.
const KEY_LINES_MAX: usize = 256;

impl Key {
    /// Whether the line is the inside of a key.
    fn holds(&mut self, line: &str) -> bool {
        let inside = self.lines_left > 0;
        if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") && !line.contains("-----END")
        {
            self.lines_left = KEY_LINES_MAX;
        } else if line.contains("-----END") {
            self.lines_left = 0;
        } else {
            self.lines_left = self.lines_left.saturating_sub(1);
        }
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::{BufReader, Key, Lines};

    async fn lines(text: &[u8]) -> Vec<String> {
        let mut lines = Lines { reader: BufReader::new(text), key: Key::default(), broken: false };
        let mut read = Vec::new();
        while let Some(line) = lines.next().await {
            read.push(line);
        }
        read
    }

    #[tokio::test]
    async fn a_private_key_does_not_come_through_line_by_line() {
        let text = b"before\n-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n\
            -----END PRIVATE KEY-----\nafter\n";
        let read = lines(text).await;
        assert!(!read.concat().contains("MIIE") && !read.concat().contains("kqhk"), "{read:?}");
        assert_eq!((&*read[0], &**read.last().expect("a line")), ("before", "after"));
    }

    #[tokio::test]
    async fn neither_a_cut_nor_a_long_line_shows_part_of_a_secret() {
        let secret = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5";
        let at_the_cut = format!("{} {secret}\n", "x".repeat(490));
        let at_the_end = format!("{}{secret}\nafter\n", "x ".repeat((32 << 10) - 5));
        for text in [at_the_cut, at_the_end] {
            let read = lines(text.as_bytes()).await.concat();
            assert!(!read.contains("ghp_a") && !read.contains("E3fG5"), "{read}");
        }
    }
}

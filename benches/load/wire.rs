//! HTTP/1.1 on one kept-alive connection, as cheap as it gets: what the generator spends is taken from the machine
//! that it measures. It reads bodies with a length and chunked ones, and nothing else.

use std::{io::ErrorKind, net::SocketAddr};

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Most bytes of a response's head.
const HEAD_LIMIT: usize = 64 << 10;
/// Bytes asked for in one read.
const READ: usize = 64 << 10;

/// A connection with the response that it read last.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    /// Bytes as they came; `read` of them are used up.
    buffer: Vec<u8>,
    read: usize,
    /// The last response's body, without the chunks' frames.
    pub(crate) body: Vec<u8>,
    /// The last response's `Mcp-Session-Id`, kept where a handshake asks for it.
    pub(crate) session: Option<String>,
}

/// What a response's head says about its body.
#[derive(Debug, Default)]
struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
    session: Option<String>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { address, stream, buffer: Vec::new(), read: 0, body: Vec::new(), session: None })
    }

    /// Opens the connection anew where the server has closed it: Node does so after five idle seconds.
    pub(crate) async fn refresh(&mut self) -> anyhow::Result<()> {
        let closed = !matches!(
            self.stream.try_read(&mut [0; 1]),
            Err(error) if error.kind() == ErrorKind::WouldBlock
        );
        if closed {
            *self = Self::open(self.address).await?;
        }
        Ok(())
    }

    /// Like `exchange`, and once more on a new connection where this one broke before a byte of the answer came, as
    /// HTTP lets a client do: an overloaded server may close an idle connection while a request is on its way.
    /// Returns the status and whether it was sent again.
    pub(crate) async fn insist(&mut self, request: &[u8]) -> anyhow::Result<(u16, bool)> {
        match self.exchange(request).await {
            Ok(status) => Ok((status, false)),
            Err(_) if self.buffer.is_empty() && self.body.is_empty() => {
                *self = Self::open(self.address).await?;
                Ok((self.exchange(request).await?, true))
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a whole request and reads the whole response; returns its status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.body.clear();
        self.send(request).await?;
        self.receive().await
    }

    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(request).await.context("cannot send")
    }

    async fn receive(&mut self) -> anyhow::Result<u16> {
        let head = self.head().await?;
        if head.session.is_some() {
            self.session = head.session;
        }
        match head {
            Head { chunked: true, .. } => self.chunks().await?,
            Head { length: Some(length), .. } => self.take(length).await?,
            Head { status: 202 | 204, .. } => {}
            Head { status, .. } => bail!("a response of status {status} without a length"),
        }
        if self.read == self.buffer.len() {
            self.buffer.clear();
            self.read = 0;
        }
        Ok(head.status)
    }

    /// Whether a JSON-RPC answer to what was sent has come, or the connection was closed. Progress is no answer.
    pub(crate) fn is_answered(&mut self) -> bool {
        loop {
            self.buffer.reserve(READ);
            match self.stream.try_read_buf(&mut self.buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return true,
            }
        }
        let holds = |member: &[u8]| self.buffer.windows(member.len()).any(|bytes| bytes == member);
        holds(b"\"result\"") || holds(b"\"error\"")
    }

    /// Whether anything of a response has come, as `is_answered` saw it last.
    pub(crate) fn has_begun(&self) -> bool {
        !self.buffer.is_empty()
    }

    async fn head(&mut self) -> anyhow::Result<Head> {
        let mut looked = self.read;
        loop {
            let unread = &self.buffer[looked..];
            if let Some(at) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = parse(&self.buffer[self.read..looked + at])?;
                self.read = looked + at + 4;
                return Ok(head);
            }
            ensure!(
                self.buffer.len() - self.read < HEAD_LIMIT,
                "a response without an end of head"
            );
            looked = self.buffer.len().saturating_sub(3).max(self.read);
            self.fill().await?;
        }
    }

    async fn chunks(&mut self) -> anyhow::Result<()> {
        loop {
            let line = self.line().await?;
            let size = std::str::from_utf8(&self.buffer[line.clone()])
                .ok()
                .and_then(|text| text.split(';').next())
                .and_then(|text| usize::from_str_radix(text.trim(), 16).ok())
                .context("a chunk without a size")?;
            if size > 0 {
                self.take(size).await?;
            }
            let end = self.line().await?;
            ensure!(end.is_empty(), "a chunk of another size than it says");
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// The next line, without its end.
    async fn line(&mut self) -> anyhow::Result<std::ops::Range<usize>> {
        loop {
            let unread = &self.buffer[self.read..];
            if let Some(at) = unread.iter().position(|&byte| byte == b'\n') {
                let start = self.read;
                self.read += at + 1;
                return Ok(start..start + at.saturating_sub(1));
            }
            self.fill().await?;
        }
    }

    /// Moves so many bytes into the body.
    async fn take(&mut self, mut bytes: usize) -> anyhow::Result<()> {
        loop {
            let ready = bytes.min(self.buffer.len() - self.read);
            self.body.extend_from_slice(&self.buffer[self.read..self.read + ready]);
            self.read += ready;
            bytes -= ready;
            if bytes == 0 {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        if self.read == self.buffer.len() {
            self.buffer.clear();
            self.read = 0;
        }
        self.buffer.reserve(READ);
        let count = self.stream.read_buf(&mut self.buffer).await.context("cannot receive")?;
        ensure!(count > 0, "the connection was closed");
        Ok(())
    }
}

fn parse(head: &[u8]) -> anyhow::Result<Head> {
    let mut lines = head.split(|&byte| byte == b'\n');
    let status = lines.next().and_then(|line| line.get(9..12)).and_then(number);
    let status = status.and_then(|status| u16::try_from(status).ok());
    let mut parsed =
        Head { status: status.context("a response without a status")?, ..Head::default() };
    for line in lines {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            parsed.length = number(value);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            parsed.chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if name.eq_ignore_ascii_case(b"mcp-session-id") {
            parsed.session = Some(String::from_utf8_lossy(value).into_owned());
        }
    }
    Ok(parsed)
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

//! Where the texts come from. One that cannot be read is told with its place and stops none of the
//! others.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::print::{Place, Printer};
use crate::{
    clients::edit::{self, Format},
    firewall::Surface,
    mcp::{
        Json,
        json::{Limits, parse},
    },
    scan::{
        Scanner, definitions,
        launch::{self, Started},
    },
};

/// Bytes of one line of `--jsonl`.
const LINE_BYTES_MAX: usize = 16 << 20;
/// Bytes of one file that is a text, a list of tools or a client's configuration.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// How standard input is called.
const STDIN: &str = "stdin";

pub(super) struct Input<'a> {
    pub(super) scanner: &'a Scanner,
    pub(super) surface: Surface,
    pub(super) printer: &'a mut Printer,
}

impl Input<'_> {
    /// Each file is a text; without any, standard input is one.
    pub(super) fn texts(&mut self, files: &[PathBuf]) -> anyhow::Result<()> {
        if files.is_empty() {
            return match whole(std::io::stdin().lock()) {
                Ok(text) => self.text(STDIN, &text),
                Err(why) => self.printer.broken(STDIN, None, &why),
            };
        }
        for path in files {
            let name = path.display().to_string();
            match read(path) {
                Ok(text) => self.text(&name, &text)?,
                Err(why) => self.printer.broken(&name, None, &why)?,
            }
        }
        Ok(())
    }

    fn text(&mut self, name: &str, text: &str) -> anyhow::Result<()> {
        let report = self.scanner.scan(self.surface, text);
        let place = Place { file: name, line: None, text };
        self.printer.report(&Value::from(name), &place, &report)
    }

    /// Each line is a text. Memory does not grow with their number.
    pub(super) fn lines(&mut self, files: &[PathBuf]) -> anyhow::Result<()> {
        if files.is_empty() {
            return self.lines_of(STDIN, std::io::stdin().lock());
        }
        for path in files {
            let name = path.display().to_string();
            match File::open(path) {
                Ok(file) => self.lines_of(&name, BufReader::new(file))?,
                Err(why) => self.printer.broken(&name, None, &why.to_string())?,
            }
        }
        Ok(())
    }

    fn lines_of(&mut self, name: &str, reader: impl Read) -> anyhow::Result<()> {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            match next_line(&mut reader, &mut line) {
                Ok(Next::End) => break,
                Ok(Next::Line) => self.line(name, number, &line)?,
                Ok(Next::TooLong) => {
                    let why = format!("the line is longer than {LINE_BYTES_MAX} bytes");
                    self.printer.broken(name, Some(number), &why)?;
                }
                Err(why) => {
                    self.printer.broken(name, Some(number), &why.to_string())?;
                    break;
                }
            }
            if reader.buffer().is_empty() {
                // Whoever writes a line and waits for its answer gets it now.
                self.printer.flush()?;
            }
        }
        Ok(())
    }

    fn line(&mut self, name: &str, number: usize, line: &[u8]) -> anyhow::Result<()> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let (id, text) = match record(line) {
            Ok(record) => record,
            Err(why) => return self.printer.broken(name, Some(number), &why),
        };
        let report = self.scanner.scan(self.surface, &text);
        let id = if id.is_null() { Value::from(number) } else { id };
        self.printer.report(&id, &Place { file: name, line: Some(number), text: &text }, &report)
    }

    /// The texts of a list of tools.
    pub(super) fn tools(&mut self, path: &Path) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let texts = read(path)
            .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
            .and_then(|list: Value| definitions::texts(&list).map_err(|error| error.to_string()));
        let texts = match texts {
            Ok(texts) => texts,
            Err(why) => return self.printer.broken(&name, None, &why),
        };
        for text in texts {
            let report = self.scanner.scan(Surface::ToolDefinition, &text.text);
            let place = Place { file: &name, line: None, text: &text.text };
            self.printer.report(&Value::from(text.place), &place, &report)?;
        }
        Ok(())
    }

    /// The servers of a client's file.
    pub(super) fn client(&mut self, path: &Path) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let toml = path.extension().is_some_and(|kind| kind == "toml");
        let format = if toml { Format::Toml } else { Format::Jsonc };
        let file = read(path)
            .and_then(|text| edit::read(format, &text).map_err(|fault| fault.to_string()));
        let file = match file {
            Ok(file) => file,
            Err(why) => return self.printer.broken(&name, None, &why),
        };
        let servers = launch::servers(&file);
        if servers.is_empty() {
            return self.printer.broken(&name, None, "no client would find a server in this file");
        }
        for server in servers {
            match server {
                Ok(server) => self.server(&name, &server)?,
                Err(refused) => {
                    let why = format!("`{}` cannot be looked at: {}", refused.name, refused.reason);
                    self.printer.broken(&name, None, &why)?;
                }
            }
        }
        Ok(())
    }

    fn server(&mut self, file: &str, server: &Started) -> anyhow::Result<()> {
        self.printer.server(server)?;
        for part in &server.parts {
            let mut report = self.scanner.scan(part.surface, &part.text);
            for found in &part.found {
                report.add(found.clone());
            }
            let id = format!("{} {}", server.name, part.place);
            let place = Place { file, line: None, text: &part.text };
            self.printer.report(&Value::from(id), &place, &report)?;
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, String> {
    whole(File::open(path).map_err(|error| error.to_string())?)
}

fn whole(reader: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    reader.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("this is longer than {FILE_BYTES_MAX} bytes; split it"));
    }
    String::from_utf8(bytes).map_err(|_| "this is no UTF-8 text".to_owned())
}

/// The id and the text of a line. A key that stands twice is refused: two readers would read two texts.
fn record(line: &[u8]) -> Result<(Value, String), String> {
    let limits = Limits { bytes_max: LINE_BYTES_MAX, ..Limits::default() };
    let value = parse(line, &limits).map_err(|error| error.to_string())?;
    let members = value.as_object().ok_or("this is no object")?;
    let text = members.get("text").ok_or("it has no `text`")?;
    let text = text.as_str().ok_or("its `text` is no string")?.to_owned();
    Ok((members.get("id").map(Json::to_value).unwrap_or_default(), text))
}

enum Next {
    Line,
    TooLong,
    End,
}

/// Reads one line. What is too long is read over, not kept.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Next> {
    let limit = LINE_BYTES_MAX as u64 + 1;
    if reader.take(limit).read_until(b'\n', line)? == 0 {
        return Ok(Next::End);
    }
    if line.len() <= LINE_BYTES_MAX || line.last() == Some(&b'\n') {
        return Ok(Next::Line);
    }
    loop {
        line.clear();
        let read = reader.take(limit).read_until(b'\n', line)?;
        if read == 0 || line.last() == Some(&b'\n') {
            return Ok(Next::TooLong);
        }
    }
}
